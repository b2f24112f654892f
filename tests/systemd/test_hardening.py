"""What the service may do under the unit's rules, and what it may not."""

import pytest

pytestmark = [pytest.mark.systemd, pytest.mark.timeout(300)]

# Everything there is to write to, as seen from within the service: all but what a process may
# always write about itself.
FIND = "/usr/bin/find / -path /proc -prune -o ( -type d -o -type f ) -writable -print"


def test_it_reads_what_all_may_read_and_nothing_else(service):
    service.start()
    assert service.fetch("/hello.txt") == ("hello", 200)
    assert service.fetch("/private.txt")[1] == 403
    assert service.fetch("/group.txt")[1] == 403


def test_it_reads_what_a_group_may_read_that_was_added_to_the_unit(service):
    service.machine.run("chgrp", "audio", "/srv/files/group.txt")
    service.change_unit("[Service]\nSupplementaryGroups=audio\n")
    service.start()
    assert service.fetch("/group.txt") == ("for a group", 200)


def test_it_can_serve_from_a_home(service):
    service.configure('root = "/home/anna"\n')
    service.start()
    assert service.fetch("/hello.txt") == ("from home", 200)


def test_there_is_nowhere_that_it_could_write(service):
    service.change_unit(f"[Service]\nExecStartPre=-{FIND}\n")
    service.start()
    told = [e["MESSAGE"] for e in service.journal() if e.get("SYSLOG_IDENTIFIER") == "find"]
    assert [line for line in told if not line.startswith("/usr/bin/find: ")] == []
    assert any("/tmp" in line for line in told), "it has looked, and may not even look in there"


def test_all_of_its_processes_are_a_user_of_its_own_without_any_capability(service):
    service.start()
    user = service.machine.run("id", "-u", "filed")
    for pid in (service.main_pid, *service.pids().values()):
        status = dict(
            line.split(":\t", 1)
            for line in service.machine.run("cat", f"/proc/{pid}/status").splitlines()
        )
        assert set(status["Uid"].split()) == {user}
        assert {status[f"Cap{name}"] for name in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {"0" * 16}
        assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
