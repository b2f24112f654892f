"""What docs/tftp.md tells operators to type and to configure works as it stands there."""

import json
import os
import re
import shlex
import subprocess
from pathlib import Path
from textwrap import dedent

import pytest

from filed.metrics.catalogue import TFTP_TRANSFERS_ENDED
from support.clients import ask, program
from support.daemon import running
from support.tftp import WRQ, parse, request

TEXT = (Path(__file__).parents[2] / "docs" / "tftp.md").read_text()
PACKAGES = {
    "curl": "curl",
    "tftp": "tftp-hpa",
    "atftp": "atftp",
    "busybox": "busybox",
}
KERNEL = bytes(range(256)) * 1000


def blocks(kind):
    """The examples of a kind, such as `sh`, one that is part of a list too."""
    found = re.findall(rf"^( *)```{kind}\n(.*?)^\1```", TEXT, re.MULTILINE | re.DOTALL)
    return [dedent(text) for _, text in found]


COMMANDS = "".join(blocks("sh")).splitlines()


@pytest.fixture(scope="module")
def daemon(tmp_path_factory):
    root = tmp_path_factory.mktemp("served")
    (root / "boot").mkdir()
    (root / "boot" / "vmlinuz").write_bytes(KERNEL)
    with running(root) as daemon:
        yield daemon


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_fetches_the_file(command, daemon, tmp_path):
    command = command.replace("192.0.2.1", "127.0.0.1").replace("7788", str(daemon.udp_port))
    client, *arguments = shlex.split(command)
    path = program(client, PACKAGES[client])
    subprocess.run([path, *arguments], cwd=tmp_path, capture_output=True, timeout=60, check=True)
    assert [file.name for file in tmp_path.iterdir()] == ["vmlinuz"]
    assert (tmp_path / "vmlinuz").read_bytes() == KERNEL


def test_each_client_has_a_command():
    assert {command.split()[0] for command in COMMANDS} == set(PACKAGES)


@pytest.mark.parametrize(
    "refused",
    [
        request(b"boot"),
        request(b"boot/vmlinuz", opcode=WRQ),
        request(b"boot/vmlinuz", mode=b"mail"),
        request(b""),
    ],
)
def test_what_a_client_is_told_is_explained(refused, daemon):
    told = parse(ask(daemon.udp_port, refused))
    assert f"| {told.number} | {told.body.decode()} |" in TEXT


def test_each_way_in_which_a_transfer_ends_is_explained():
    for result in dict(TFTP_TRANSFERS_ENDED.label_values())["result"]:
        assert re.search(rf"^\|.*`{result}`.*\|", TEXT, re.MULTILINE), result


@pytest.mark.parametrize("configuration", blocks("ini"))
def test_dnsmasq_takes_its_configuration(configuration, tmp_path):
    assert "enable-tftp\n" not in configuration
    dnsmasq(configuration, tmp_path)


def test_dnsmasq_does_not_take_just_anything(tmp_path):
    with pytest.raises(subprocess.CalledProcessError):
        dnsmasq("dhcp-boot\n", tmp_path)


def dnsmasq(configuration, folder):
    path = folder / "dnsmasq.conf"
    path.write_text(configuration)
    test = [program("dnsmasq", "dnsmasq-base"), "--test", "-C", path]
    subprocess.run(test, capture_output=True, timeout=60, check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may ask the kernel about its firewall")
@pytest.mark.parametrize("rules", blocks("nft"))
def test_the_kernel_takes_the_rules_for_a_firewall(rules):
    check = [program("nft", "nftables"), "--check", "--file", "-"]
    subprocess.run(check, input=rules.encode(), capture_output=True, timeout=60, check=True)


def test_the_configuration_of_kea_sends_each_firmware_to_its_file():
    (text,) = blocks("json")
    served = json.loads(text)["Dhcp4"]
    files = {each["name"]: each["boot-file-name"] for each in served["client-classes"]}
    assert files == {name: boot_file(name) for name in ("ipxe", "bios", "efi")}


def boot_file(tag):
    """The file that dnsmasq's configuration has for a tag."""
    first, *_ = blocks("ini")
    return re.search(rf"^dhcp-boot=tag:{tag},(?:tag:!ipxe,)?([^,]+),,", first, re.MULTILINE)[1]
