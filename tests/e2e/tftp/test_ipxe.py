"""iPXE: a PC's firmware boots from the network, by TFTP and from there on by HTTP too."""

from dataclasses import dataclass

import pytest

from support import qemu
from support.daemon import running

BLKSIZE = 1432  # as much as iPXE asks for
SIZES = (0, 1, BLKSIZE - 1, BLKSIZE, BLKSIZE + 1, 8 << 20)
# A quarter of a megabyte. Each line is run, and notices if it is not in its place.
COUNT = 5000
COUNTING = "".join(
    f"iseq ${{n}} {number} && inc n || echo line {number} is not where it was\n"
    for number in range(COUNT)
)
LAST = "that is all"


@dataclass(frozen=True, slots=True)
class Boot:
    """What a PC has printed while it booted, and what the server has logged meanwhile."""

    lines: list
    events: list

    def logged(self, protocol, name):
        (event,) = (
            event
            for event in self.events
            if event["protocol"] == protocol and event["name"] == name
        )
        return event


def _script(*lines):
    return "\n".join(["#!ipxe", *lines, ""])


def _boot_script(daemon):
    tftp = f"tftp://{qemu.HOST}:{daemon.udp_port}"
    http = f"http://{qemu.HOST}:{daemon.port}"
    return _script(
        "echo begun by TFTP",
        *(f"imgfetch {tftp}/{size} || echo failed ${{errno}}" for size in SIZES),
        "imgstat",
        f"imgfetch {tftp}/nothing || echo nothing has failed ${{errno}}",
        f"imgfetch --name spelled {tftp}/%5CBoot%5CBCD && imgstat spelled",
        "imgfree",
        f"chain --autofree {tftp}/by-tftp.ipxe || echo failed ${{errno}}",
        f"chain --autofree {http}/by-http.ipxe || echo failed ${{errno}}",
        f"echo {LAST}",
    )


@pytest.fixture(scope="module")
def boot(tmp_path_factory):
    """The one boot that all tests look at: it takes its time."""
    root = tmp_path_factory.mktemp("served")
    for size in SIZES:
        (root / str(size)).write_bytes(b"\xfe" * size)
    (root / "Boot").mkdir()
    (root / "Boot" / "BCD").write_bytes(b"a boot file")
    for by in ("tftp", "http"):
        counted = _script("set n:int32 0", COUNTING, f"echo counted to ${{n}} by {by}")
        (root / f"by-{by}.ipxe").write_text(counted)
    with running(root) as daemon:
        (root / "boot.ipxe").write_text(_boot_script(daemon))
        with qemu.booting(f"tftp://{qemu.HOST}:{daemon.udp_port}/boot.ipxe") as console:
            lines = console.wait_for(LAST)
        assert daemon.stop() == 0
        return Boot(lines, daemon.events("request"))


def test_the_firmware_runs_a_script_that_it_gets_by_tftp(boot):
    assert "begun by TFTP" in boot.lines
    assert boot.logged("tftp", "boot.ipxe")["outcome"] == "done"


@pytest.mark.parametrize(("protocol", "name"), [("tftp", ""), ("http", "/")])
def test_a_script_that_it_goes_on_with_arrives_line_by_line(boot, protocol, name):
    assert f"counted to {COUNT} by {protocol}" in boot.lines
    assert not [line for line in boot.lines if "is not where" in line]
    event = boot.logged(protocol, f"{name}by-{protocol}.ipxe")
    assert (event["status"], event["outcome"]) == (200, "done")


def test_it_says_by_http_who_it_is(boot):
    assert boot.logged("http", "/by-http.ipxe")["user_agent"].startswith("iPXE/")


@pytest.mark.parametrize("size", SIZES)
def test_a_file_of_any_size_arrives_in_blocks_as_large_as_it_asks_for(boot, size):
    assert any(line.startswith(f"{size} : {size} bytes") for line in boot.lines)
    event = boot.logged("tftp", str(size))
    assert event.items() >= {"mode": "octet", "blksize": BLKSIZE, "windowsize": 1}.items()
    if size:  # it has done with an empty file without a word
        assert event["outcome"] == "done"


def test_a_name_with_backslashes_leads_to_its_file(boot):
    assert any(line.startswith("spelled : 11 bytes") for line in boot.lines)
    assert boot.logged("tftp", r"\Boot\BCD")["status"] == 200


def test_a_file_that_is_missing_is_told_so(boot):
    [line] = [line for line in boot.lines if line.startswith("nothing has failed")]
    assert line.split()[-1].startswith("0x2d")  # its ENOENT
    assert boot.logged("tftp", "nothing")["status"] == 404
