"""filed.service under a real systemd: its life, and what goes wrong in it."""

import re

import pytest

from support.daemon import wait_until

pytestmark = [pytest.mark.systemd, pytest.mark.timeout(300)]

BROKEN = 'root = "/srv/files"\n[timeouts]\nidle = "soon"\n'

LARGE_BYTES = 64 << 20  # at the rate below it takes 8 s

# A program that has the port, until its standard input ends.
OTHER = """
import socket, sys
listener = socket.create_server(("", 7788))
print("listening", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def running(service):
    service.start()
    return service


def test_it_can_be_reached_as_soon_as_it_is_started(running):
    assert running.fetch("/hello.txt") == ("hello", 200)
    assert running.show("ActiveState") == "active"


def test_its_status_is_a_sentence(running):
    wait_until(
        lambda: re.search(r"2 workers.*connection.*/s", running.show("StatusText")),
        "a status with workers, connections and rate",
    )


def test_it_stops_as_asked(running):
    assert running.systemctl("stop") == 0
    assert (running.show("Result"), running.show("ExecMainStatus")) == ("success", "0")
    assert running.fetch("/hello.txt")[1] == 0


def test_stopping_waits_for_a_download_that_gets_on_for_longer_than_the_unit_says(service):
    service.configure('root = "/srv/files"\nworkers = 2\n[timeouts]\ndrain = 60\n')
    service.change_unit("[Service]\nTimeoutStopSec=3\n")
    service.start()
    with service.machine.path("/srv/files/large.img").open("wb") as file:
        file.truncate(LARGE_BYTES)
    got = service.machine.path("/var/got.img")
    slow = ("curl", "--silent", "--limit-rate", "8M", "--output", "/var/got.img")
    with service.machine.begin(*slow, "http://127.0.0.1:7788/large.img") as download:
        wait_until(lambda: got.exists() and got.stat().st_size, "its first bytes")
        assert service.systemctl("stop") == 0
        assert download.wait(30) == 0
    assert got.stat().st_size == LARGE_BYTES
    assert service.show("Result") == "success"


def test_a_restart_is_a_new_process(running):
    before = running.main_pid
    assert running.systemctl("restart") == 0
    assert running.main_pid != before
    assert running.fetch("/hello.txt") == ("hello", 200)


def test_a_reload_takes_new_settings_into_the_same_process(running):
    before = running.main_pid
    running.configure('root = "/srv/files"\nworkers = 3\n')
    assert running.systemctl("reload") == 0
    wait_until(lambda: len(running.workers()) == 3, "a third worker")
    wait_until(lambda: running.show("ActiveState") == "active", "the end of the reload")
    assert running.main_pid == before
    assert running.fetch("/hello.txt") == ("hello", 200)


def test_it_reloads_restarts_and_stops_after_a_reload(running):
    assert running.systemctl("reload") == 0
    assert running.systemctl("reload") == 0
    assert running.systemctl("restart") == 0
    assert running.systemctl("reload") == 0
    assert running.systemctl("stop") == 0
    assert running.show("Result") == "success"


def test_a_broken_configuration_fails_once_with_its_own_code(service):
    service.configure(BROKEN)
    assert service.systemctl("start") == 1
    assert (service.show("ActiveState"), service.show("SubState")) == ("failed", "failed")
    assert (service.show("ExecMainStatus"), service.show("NRestarts")) == ("78", "0")
    told = [entry["MESSAGE"] for entry in service.journal()]
    assert any(each.startswith(f"{service.CONFIG}:3: timeouts.idle: ") for each in told)


def test_a_reload_with_a_broken_configuration_fails_and_the_old_one_serves_on(running):
    before = running.pids(), running.main_pid
    running.configure(BROKEN)
    assert running.systemctl("reload") == 1
    assert (running.pids(), running.main_pid) == before
    assert running.show("ActiveState") == "active"
    assert running.fetch("/hello.txt") == ("hello", 200)


def test_a_port_that_is_taken_is_tried_again(service):
    with service.machine.begin("python3", "-c", OTHER) as other:
        assert other.stdout.readline() == "listening\n"
        assert service.systemctl("start") == 1
        assert (service.show("ExecMainStatus"), service.show("SubState")) == ("1", "auto-restart")
        other.communicate()
    wait_until(lambda: service.show("ActiveState") == "active", "another attempt", 30)


def test_a_worker_that_is_killed_is_replaced_and_systemd_has_no_part_in_it(running):
    before = running.workers()
    name, pid = min(before.items())
    running.machine.run("kill", "-KILL", pid)
    wait_until(lambda: running.workers().get(name, pid) != pid, "another worker")
    assert running.show("NRestarts") == "0"
    assert running.fetch("/hello.txt") == ("hello", 200)


def test_a_master_that_is_killed_is_replaced_by_systemd(running):
    before = running.main_pid
    running.machine.run("kill", "-KILL", before)
    wait_until(lambda: running.show("NRestarts") == "1", "a restart", 30)
    wait_until(lambda: running.show("ActiveState") == "active", "another master", 30)
    assert running.main_pid != before
    assert running.fetch("/hello.txt") == ("hello", 200)


def test_a_master_that_hangs_is_replaced_by_systemd(service):
    service.change_unit("[Service]\nWatchdogSec=3\nTimeoutAbortSec=1\n")
    service.start()
    before = service.main_pid
    service.machine.run("kill", "-STOP", before)
    wait_until(lambda: service.show("NRestarts") == "1", "a restart", 30)
    wait_until(lambda: service.show("ActiveState") == "active", "another master", 30)
    assert service.main_pid != before
    assert any("Watchdog timeout" in entry["MESSAGE"] for entry in service.journal())


def test_a_master_that_is_well_is_left_alone_by_the_watchdog(service):
    service.change_unit("[Service]\nWatchdogSec=3\n")
    service.start()
    first = service.show("WatchdogTimestampMonotonic")
    # Beats for longer than the watchdog waits.
    wait_until(
        lambda: int(service.show("WatchdogTimestampMonotonic")) > int(first) + 4_000_000,
        "heartbeats for 4 s",
        30,
    )
    assert service.show("NRestarts") == "0"


def test_its_log_is_in_the_journal_an_event_an_entry(running):
    (ready,) = wait_until(lambda: running.events("ready"), "the event")
    (entry,) = [each for each in running.journal() if '"event":"ready"' in each["MESSAGE"]]
    assert int(entry["_PID"]) == ready["pid"] == running.main_pid
    assert (entry["_SYSTEMD_UNIT"], entry["SYSLOG_IDENTIFIER"]) == ("filed.service", "filed")


def test_a_request_is_one_entry(running):
    running.fetch("/hello.txt")
    running.fetch("/private.txt")
    requests = wait_until(
        lambda: len(found := running.events("request")) >= 2 and found, "the requests' events"
    )
    assert {(each["name"], each["status"]) for each in requests} == {
        ("/hello.txt", 200),
        ("/private.txt", 403),
    }


def test_a_reload_runs_what_is_installed_by_then(running):
    path = running.machine.path("/usr/local/lib/filed/filed/__init__.py")
    shipped = path.read_text()
    before = running.main_pid
    path.write_text(shipped.rstrip('"\n') + '.post1"\n')
    try:
        assert running.systemctl("reload") == 0
        (new,) = wait_until(lambda: running.events("taking_over"), "the new version")
        assert new["version"].endswith(".post1")
    finally:
        path.write_text(shipped)
    assert running.main_pid == before
