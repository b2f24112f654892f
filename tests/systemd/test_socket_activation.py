"""filed.socket: systemd holds the ports."""

import json
import shutil
from pathlib import Path

import pytest

from support.daemon import wait_until

pytestmark = [pytest.mark.systemd, pytest.mark.timeout(300)]

# As the unit's own comment says.
WELL_KNOWN = """[Socket]
ListenStream=
ListenStream=80
ListenDatagram=69
"""


@pytest.fixture
def activated(service):
    """The ports 80 and 69 are bound, and nobody has come yet."""
    service.change_unit(WELL_KNOWN, "filed.socket")
    assert service.systemctl("start", "filed.socket") == 0
    return service


@pytest.fixture
def hammer(machine, service):
    # All come from one address.
    service.configure('root = "/srv/files"\nworkers = 2\n[limits]\nudp_rate = 1000000\n')
    shutil.copy(Path(__file__).with_name("hammer.py"), machine.path("/usr/src/hammer.py"))
    with machine.begin("python3", "/usr/src/hammer.py", 80, 69) as process:
        yield process
        process.kill()


def test_the_first_client_starts_the_service_and_is_answered(activated):
    assert activated.show("ActiveState") == "inactive"
    assert activated.fetch("/hello.txt", port=80) == ("hello", 200)
    assert activated.show("ActiveState") == "active"


def test_what_was_handed_over_is_served_in_place_of_the_settings(activated):
    activated.start()
    (ready,) = wait_until(lambda: activated.events("ready"), "the service to be ready")
    assert (ready["tcp"], ready["udp"]) == (["[::]:80"], ["[::]:69"])
    assert activated.fetch("/hello.txt", port=7788)[1] == 0


def test_nobody_is_refused_while_it_restarts(activated, hammer):
    wait_until(lambda: activated.show("ActiveState") == "active", "the clients to start it", 30)
    for _ in range(3):
        assert activated.systemctl("restart") == 0
        assert activated.fetch("/hello.txt", port=80) == ("hello", 200)
    outcomes = json.loads(hammer.communicate(timeout=90)[0])
    assert set(outcomes) == {"200 hello", "answered"}, outcomes
    assert min(outcomes.values()) > 10, outcomes


def test_the_ports_survive_a_reload(activated):
    activated.start()
    before = activated.main_pid
    assert activated.systemctl("reload") == 0
    assert activated.fetch("/hello.txt", port=80) == ("hello", 200)
    assert activated.main_pid == before
    (reloaded,) = wait_until(lambda: activated.events("reloaded"), "the reload to be over")
    assert (reloaded["tcp"], reloaded["udp"]) == (["[::]:80"], ["[::]:69"])
