"""What the processes may do, as the kernel tells it."""

import grp
import os
import pwd
import re
import subprocess
import sys

import pytest

from filed.process import sandbox
from filed.process.kernel import feature
from filed.settings import Settings
from support.daemon import running, wait_until
from support.http_wire import get
from support.processes import status

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root has something to give up")

CAPABILITIES = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
NONE = "0" * 16


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("root")
    root.parent.chmod(0o755)  # for nobody to get in
    root.chmod(0o755)
    (root / "public").write_bytes(b"for all\n")
    (root / "private").write_bytes(b"for its owner\n")
    (root / "private").chmod(0o600)
    (root / "another's").write_bytes(b"for its owner\n")
    (root / "another's").chmod(0o600)
    os.chown(root / "another's", pwd.getpwnam("daemon").pw_uid, -1)
    return root


def children_of(daemon):
    found = [status(pid) for pid in daemon.children().values()]
    assert len(found) == 3
    return found


@pytest.fixture(scope="module")
def as_nobody(root):
    with running(root, "--security.user=nobody") as daemon:
        yield daemon


@pytest.fixture(scope="module")
def as_root(root):
    with running(root) as daemon:
        yield daemon


def test_workers_and_exporter_become_the_user_with_all_groups(as_nobody):
    nobody = pwd.getpwnam("nobody")
    groups = {str(group) for group in os.getgrouplist("nobody", nobody.pw_gid)}
    for child in children_of(as_nobody):
        assert child["Uid"].split() == [str(nobody.pw_uid)] * 4
        assert child["Gid"].split() == [str(nobody.pw_gid)] * 4
        assert set(child["Groups"].split()) == groups


def test_the_master_stays_root(as_nobody):
    assert status(as_nobody.process.pid)["Uid"].split() == ["0"] * 4


def test_children_have_no_capability_and_never_gain_a_privilege(as_nobody, as_root):
    for child in children_of(as_nobody) + children_of(as_root):
        assert {name: child[name] for name in CAPABILITIES} == dict.fromkeys(CAPABILITIES, NONE)
        assert child["NoNewPrivs"] == "1"


def test_root_that_has_no_capability_to_begin_with_serves_too(root):
    bare = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]
    with running(root, wrap=bare) as daemon:
        assert get(daemon.port, "/public").status == 200
        for child in children_of(daemon):
            assert {name: child[name] for name in CAPABILITIES} == dict.fromkeys(CAPABILITIES, NONE)


def test_root_that_may_not_drop_from_its_bounding_set_serves_and_can_gain_nothing(root):
    without = ["setpriv", "--bounding-set=-setpcap", "--inh-caps=-setpcap"]
    with running(root, wrap=without) as daemon:
        assert get(daemon.port, "/public").status == 200
        for child in children_of(daemon):
            held = {name: child[name] for name in CAPABILITIES if name != "CapBnd"}
            assert held == dict.fromkeys(held, NONE)
            assert child["NoNewPrivs"] == "1"


def test_a_user_of_its_own_brings_no_warning(as_nobody):
    assert as_nobody.events("starting")[0]["sandbox"]["user"] == "nobody"
    assert not [event for event in as_nobody.events() if event.get("level") == "warning"]


def test_root_in_name_brings_a_warning(as_root):
    (warning,) = [event for event in as_root.events() if event.get("level") == "warning"]
    assert warning["event"] == "children_are_root_in_name"
    for child in children_of(as_root):
        assert child["Uid"].split() == ["0"] * 4


def test_the_user_reads_what_all_may_read_and_nothing_else(as_nobody):
    assert get(as_nobody.port, "/public").status == 200
    assert get(as_nobody.port, "/private").status == 403


def test_root_in_name_reads_what_is_root_s_but_not_what_is_another_s(as_root):
    assert get(as_root.port, "/private").status == 200
    assert get(as_root.port, "/another's").status == 403


def test_the_exporter_tells_of_every_process_though_none_may_look_at_another(as_nobody):
    def told():
        metrics = as_nobody.metrics()
        roles = [f'{{role="{role}"}}' for role in ("master", "worker", "exporter")]
        return all(
            metrics[f"filed_process_resident_memory_bytes{role}"] > 1e6
            and metrics[f"filed_process_open_fds{role}"] > 3
            and metrics[f"filed_process_cpu_seconds_total{role}"] > 0
            for role in roles
        )

    wait_until(told, "memory, descriptors and CPU time of each role")


def test_a_group_replaces_the_user_s_own(root):
    group = grp.getgrnam("daemon").gr_gid
    with running(root, "--security.user=nobody", "--security.group=daemon") as daemon:
        for child in children_of(daemon):
            assert child["Gid"].split() == [str(group)] * 4


def test_a_group_alone_leaves_all_of_root_s_groups(root):
    group = str(grp.getgrnam("daemon").gr_gid)
    with running(root, "--security.group=daemon") as daemon:
        for child in children_of(daemon):
            assert child["Uid"].split() == ["0"] * 4
            assert (child["Gid"].split(), child["Groups"].split()) == ([group] * 4, [group])


@pytest.mark.parametrize(
    ("security", "expected"),
    [
        ({}, sandbox.Identity(None, None, (), "root")),
        ({"group": "daemon"}, sandbox.Identity(None, 1, (1,), "root")),
        ({"user": "daemon"}, sandbox.Identity(1, 1, (1,), "daemon")),
    ],
)
def test_an_identity_follows_from_the_settings(security, expected):
    settings = Settings.model_validate({"security": security})
    assert sandbox.Identity.of(settings) == expected


def test_a_user_without_a_name_is_shown_by_its_number():
    assert sandbox.user_name(0) == "root"
    assert sandbox.user_name(4_000_000_000) == "4000000000"


ENTER = """
import os
from filed.process import sandbox
from filed.settings import Settings
settings = Settings.model_validate({"security": {"user": "nobody"}})
sandbox.enter(sandbox.Identity.of(settings), settings, beneath=None)
print("entered", flush=True)
os.setuid(0)
"""


def test_there_is_no_way_back():
    ended = subprocess.run(
        [sys.executable, "-c", ENTER], capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stdout) == (1, "entered\n")
    assert ended.stderr.endswith("PermissionError: [Errno 1] Operation not permitted\n")


KEEP_AND_ENTER = """
import ctypes, os
from pathlib import Path
from filed.process import sandbox
from filed.settings import Settings
settings = Settings.model_validate({"security": {"landlock": "off"}})
ctypes.CDLL(None).prctl(8, 1, 0, 0, 0)  # PR_SET_KEEPCAPS
os.setresuid(1, 1, 1)
print(Path("/proc/self/status").read_text())
sandbox.enter(sandbox.Identity.of(settings), settings, beneath=None)
print(Path("/proc/self/status").read_text())
"""


def test_capabilities_that_somebody_else_was_given_are_dropped_too():
    told = subprocess.run(
        [sys.executable, "-c", KEEP_AND_ENTER], capture_output=True, text=True, check=True
    ).stdout
    permitted = re.findall(r"CapPrm:\t(.*)", told)
    assert permitted[0] != NONE
    assert permitted[1] == NONE


@pytest.mark.parametrize(
    ("security", "expected"),
    [
        ({}, {"user": "root", "landlock": feature("Landlock")}),
        ({"user": "nobody"}, {"user": "nobody", "landlock": feature("Landlock")}),
        ({"landlock": "off"}, {"user": "root", "landlock": "off"}),
    ],
)
def test_what_is_active_is_told_in_words(security, expected):
    settings = Settings.model_validate({"security": security})
    told = sandbox.active(sandbox.Identity.of(settings), settings)
    assert told == {"capabilities": "none", "no_new_privs": True, **expected}


@pytest.fixture
def closed(tmp_path):
    """A directory that only root may enter, on a way that is open to all."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    (closed / "file").write_bytes(b"content")
    return closed


CHECK_ROOT = """
import sys
from pathlib import Path
from filed.files.tree import Tree
from filed.process import sandbox
from filed.settings import Settings
settings = Settings.model_validate({"root": sys.argv[1], "security": {"user": "nobody"}})
identity, tree = sandbox.Identity.of(settings), Tree(settings.root, "inside")
sandbox.enter(identity, settings, beneath=tree.root_fd)
sandbox.check_root(tree, identity, settings)
"""


def test_a_root_that_the_user_may_not_enter_is_named_with_the_user(closed):
    check = [sys.executable, "-c", CHECK_ROOT, closed]
    ended = subprocess.run(check, capture_output=True, text=True, check=False)
    complaint = f'root: "{closed}": cannot be entered by user nobody (Permission denied)'
    assert ended.stderr.splitlines()[-1] == f"filed.settings.loading.ConfigError: {complaint}"
    closed.chmod(0o711)
    subprocess.run(check, check=True)


def test_a_daemon_whose_user_may_not_enter_the_root_ends_as_misconfigured_and_says_so(closed):
    with running(closed, "--security.user=nobody", wait=False) as daemon:
        assert daemon.process.wait(20) == os.EX_CONFIG
        said = {event["why"] for event in daemon.events("child_failed")}
    assert said == {f'root: "{closed}": cannot be entered by user nobody (Permission denied)'}


def test_a_root_below_a_directory_that_the_user_may_not_enter_is_served(closed):
    (closed / "root").mkdir(mode=0o755)
    (closed / "root" / "file").write_bytes(b"content")
    with running(closed / "root", "--security.user=nobody") as daemon:
        assert get(daemon.port, "/file").body == b"content"
