"""What code in a confined process can still do, asked of the kernel by doing it.

Each attempt is made twice: with Landlock off it succeeds, so it is Landlock that refuses it.
"""

import errno
import os
import socket

import pytest

from filed.files.tree import Tree
from filed.metrics.process import listed_descriptors, open_descriptors
from filed.process import landlock, sandbox
from filed.process.kernel import feature
from filed.settings import Settings

ABI = landlock.abi() if feature("Landlock").startswith("ABI") else 0
pytestmark = pytest.mark.skipif(ABI == 0, reason="this kernel has no Landlock")

NONE = sandbox.Identity(None, None, (), "whoever runs the tests")
ABSTRACT = b"\0filed-test-%d" % os.getpid()


@pytest.fixture
def place(tmp_path):
    """A root, and a directory beside it; both belong to whoever runs the tests."""
    for name in ("root", "outside"):
        (tmp_path / name / "dir").mkdir(parents=True)
        (tmp_path / name / "empty").mkdir()
        (tmp_path / name / "file").write_bytes(b"content")
        (tmp_path / name / "program").write_bytes(b"in no format that the kernel knows")
        (tmp_path / name / "program").chmod(0o755)
    return tmp_path


@pytest.fixture
def tree(place):
    tree = Tree(place / "root", "inside")
    yield tree
    tree.close()


def confined(attempt, tree, landlock="require", *, first=lambda: None):
    """What became of an attempt in a child that has entered its sandbox: 0, or the errno.

    What is to be done `first` is done in the child too, before it enters.
    """
    settings = Settings.model_validate({"security": {"landlock": landlock}})
    beneath = tree.root_fd if tree is not None else None
    pid = os.fork()
    if pid == 0:
        code = 255
        try:
            first()
            sandbox.enter(NONE, settings, beneath=beneath)
            attempt()
            code = 0
        except OSError as error:
            code = error.errno
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def opened(path, flags=os.O_RDONLY):
    os.close(os.open(path, flags))


def execute(program):
    # A real one would need its loader executed as well, which lies outside.
    try:
        os.execv(program, ["program"])
    except OSError as error:
        if error.errno != errno.ENOEXEC:  # it was to be executed, if only it could be
            raise


def bind():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))


IN_THE_FILE_SYSTEM = {
    "open a file to write": lambda at: opened(at / "file", os.O_WRONLY),
    "append to a file": lambda at: opened(at / "file", os.O_WRONLY | os.O_APPEND),
    "create a file": lambda at: opened(at / "new", os.O_WRONLY | os.O_CREAT),
    "create a file without a name": lambda at: opened(at, os.O_WRONLY | os.O_TMPFILE),
    "create a directory": lambda at: (at / "new").mkdir(),
    "create a symlink": lambda at: (at / "new").symlink_to("file"),
    "create a hard link": lambda at: (at / "new").hardlink_to(at / "file"),
    "create a FIFO": lambda at: os.mkfifo(at / "new"),
    "create a unix socket": lambda at: socket.socket(socket.AF_UNIX).bind(bytes(at / "new")),
    "delete a file": lambda at: (at / "file").unlink(),
    "delete a directory": lambda at: (at / "empty").rmdir(),
    "rename a file": lambda at: (at / "file").rename(at / "new"),
    "rename a directory": lambda at: (at / "dir").rename(at / "new"),
    "move a file": lambda at: (at / "file").rename(at / "dir" / "file"),
    "truncate a file": lambda at: os.truncate(at / "file", 0),
    "execute a file": lambda at: execute(at / "program"),
}
ABI_OF = {"truncate a file": 3}


@pytest.mark.parametrize("at", ["root", "outside"])
@pytest.mark.parametrize("attempt", IN_THE_FILE_SYSTEM)
def test_nothing_can_be_changed_or_executed_inside_or_outside(attempt, at, place, tree):
    if ABI_OF.get(attempt, 1) > ABI:
        pytest.skip("this kernel's Landlock cannot forbid it")
    before = sorted(place.rglob("*"))
    act = IN_THE_FILE_SYSTEM[attempt]
    assert confined(lambda: act(place / at), tree) == errno.EACCES
    assert sorted(place.rglob("*")) == before
    assert (place / at / "file").read_bytes() == b"content"
    assert confined(lambda: act(place / at), tree, "off") == 0


READING = {
    "read a file": lambda at: opened(at / "file"),
    "list a directory": os.listdir,
}


@pytest.mark.parametrize("attempt", READING)
def test_reading_is_for_the_inside_only(attempt, place, tree):
    read = READING[attempt]
    assert confined(lambda: read(place / "root"), tree) == 0
    assert confined(lambda: read(place / "outside"), tree) == errno.EACCES
    assert confined(lambda: read(place / "outside"), tree, "off") == 0


@pytest.mark.parametrize("path", ["/proc/self/mem", "/etc/passwd", "/dev/null", "/"])
def test_nothing_of_the_system_can_be_read(path, tree):
    assert confined(lambda: opened(path), tree) == errno.EACCES
    assert confined(lambda: opened(path), tree, "off") == 0


@pytest.mark.parametrize("attempt", READING)
def test_without_a_directory_nothing_can_be_read(attempt, place):
    read = READING[attempt]
    assert confined(lambda: read(place / "root"), None) == errno.EACCES
    assert confined(lambda: read(place / "root"), None, "off") == 0


def test_the_root_stays_readable_when_it_is_renamed(place, tree):
    def ask_and_read():
        asking.send(b"rename")
        asking.recv(1)
        assert tree.open_file(b"file").read() == b"content"
        assert tree.open(b"dir").is_directory
        opened(place / "new" / "file")

    asking, asked = socket.socketpair()
    mover = os.fork()
    if mover == 0:
        asking.close()
        if asked.recv(6):
            (place / "root").rename(place / "new")
            asked.send(b"x")
        os._exit(0)
    with asking, asked:
        assert confined(ask_and_read, tree) == 0
    os.waitpid(mover, 0)


def test_another_directory_in_the_root_s_place_is_outside(place, tree):
    (place / "root").rename(place / "moved")
    (place / "outside").rename(place / "root")
    assert confined(lambda: opened(place / "root" / "file"), tree) == errno.EACCES
    assert confined(lambda: opened(place / "moved" / "file"), tree) == 0


def test_symlinks_lead_as_far_as_what_they_point_to_may_be_read(place, tree):
    (place / "root" / "in").symlink_to("file")
    (place / "root" / "out").symlink_to("../outside/file")
    assert confined(lambda: opened(place / "root" / "in"), tree) == 0
    assert confined(lambda: opened(place / "root" / "out"), tree) == errno.EACCES
    assert confined(lambda: opened(place / "root" / "out"), tree, "off") == 0


@pytest.mark.skipif(ABI < 4, reason="this kernel's Landlock leaves TCP alone")
def test_no_tcp_socket_can_be_bound_or_connected(tree):
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as client:
        for attempt in (bind, lambda: client.connect(server.getsockname())):
            assert confined(attempt, tree) == errno.EACCES
            assert confined(attempt, tree, "off") == 0


@pytest.mark.skipif(ABI < 6, reason="this kernel's Landlock has no scopes")
def test_nobody_outside_can_be_signalled_or_reached_by_an_abstract_unix_socket(tree):
    parent = os.getpid()
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind(ABSTRACT)
        server.listen()
        for attempt in (lambda: os.kill(parent, 0), lambda: client.connect(ABSTRACT)):
            assert confined(attempt, tree) == errno.EPERM
            assert confined(attempt, tree, "off") == 0


def test_what_was_opened_before_stays_usable(place, tree):
    with (place / "outside" / "file").open("r+b", buffering=0) as file:
        assert confined(lambda: file.write(b"CON"), tree) == 0
    assert (place / "outside" / "file").read_bytes() == b"CONtent"


def test_descriptors_can_be_counted_one_by_one_as_before_linux_6_2(tree):
    folder = []

    def open_folder():
        folder.append(os.open("/proc/self/fd", os.O_RDONLY))

    def count():
        assert listed_descriptors(*folder) == open_descriptors(*folder) > 3

    assert confined(count, tree, first=open_folder) == 0
    assert confined(listed_descriptors, tree) == errno.EACCES


def test_a_listener_opened_before_still_accepts_and_a_file_can_be_sent(tree):
    def serve():
        connection, _ = server.accept()
        file = tree.open_file(b"file")
        assert os.sendfile(connection.fileno(), file.fd, 0, 7) == 7

    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname(), 10) as client,
    ):
        assert confined(serve, tree) == 0
        assert client.recv(10) == b"content"


@pytest.mark.parametrize("version", range(1, ABI + 1))
def test_an_older_kernel_s_landlock_is_asked_for_no_more_than_it_knows(
    version, place, tree, monkeypatch
):
    monkeypatch.setattr(landlock, "abi", lambda: version)
    assert confined(lambda: opened(place / "outside" / "file"), tree) == errno.EACCES
    assert confined(lambda: opened(place / "root" / "file"), tree) == 0
    truncated = confined(lambda: os.truncate(place / "root" / "file", 0), tree)
    assert truncated == (errno.EACCES if version >= 3 else 0)
    assert confined(bind, tree) == (errno.EACCES if version >= 4 else 0)
    parent = os.getpid()
    assert confined(lambda: os.kill(parent, 0), tree) == (errno.EPERM if version >= 6 else 0)


def test_a_refusal_is_raised_and_leaves_no_descriptor():
    # There is no such directory whatever is asked for it; so this process is never confined.
    with pytest.raises(OSError, match="Bad file descriptor"):
        landlock.confine(-1)
