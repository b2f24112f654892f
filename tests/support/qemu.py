"""A PC that boots from the network: QEMU, its BIOS, iPXE in its network card, and a console."""

import re
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

from support.clients import program
from support.daemon import wait_until

# What this machine's 127.0.0.1 is in there, for TCP and UDP alike: "user" of qemu(1), -netdev.
HOST = "10.0.2.2"
BOOT_S = 90.0  # it takes 10 on a machine that has nothing else to do
END_S = 20.0

_PC = ("-nodefaults", "-nographic", "-monitor", "none", "-serial", "stdio", "-m", "256")
_CONTROLS = re.compile(r"\x1b(?:c|\[[0-9;?]*[A-Za-z])|\r")


class Console:
    """What the PC prints on its serial port, 80 columns wide."""

    def __init__(self, process, log_path):
        self._process = process
        self._log_path = log_path

    def lines(self):
        """The whole lines so far, without colours and what is blank at their ends."""
        text = self._log_path.read_text(errors="replace")
        return [line.rstrip() for line in _CONTROLS.sub("", text).split("\n")[:-1]]

    def wait_for(self, line, timeout=BOOT_S):
        """Return all lines up to this one as soon as it is there."""
        try:
            wait_until(lambda: self._has(line), f"{line!r} on the console", timeout)
        except AssertionError as error:
            error.add_note("\n".join(self.lines()))
            raise
        lines = self.lines()
        return lines[: lines.index(line) + 1]

    def _has(self, line):
        ended = self._process.poll() is not None  # asked first: after that nothing is printed
        found = line in self.lines()
        assert found or not ended, "QEMU has ended"
        return found


@contextmanager
def booting(url):
    """Have a PC boot from the network until the block ends; then its power is cut.

    Args:
        url: what its firmware fetches and runs; `HOST` in there is this machine.
    """
    # Debian's package comes with firmware for PC and card.
    qemu = program("qemu-system-x86_64", "qemu-system-x86")
    network = ("-netdev", f"user,id=net,bootfile={url}", "-device")
    card = "virtio-net-pci,netdev=net,bootindex=1"
    with tempfile.TemporaryDirectory(prefix="filed-qemu-") as folder:
        log_path = Path(folder) / "console"
        with log_path.open("wb") as log:
            process = subprocess.Popen(
                [qemu, *_PC, "-no-reboot", *network, card],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            yield Console(process, log_path)
        finally:
            process.terminate()
            process.wait(END_S)
