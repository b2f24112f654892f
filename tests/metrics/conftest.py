"""A table that is gone after the test, and work done in other processes."""

import os
import traceback
from collections.abc import Callable, Iterator

import pytest

from filed.metrics.table import Table


@pytest.fixture
def table() -> Iterator[Table]:
    made = Table.create(rows=9)
    yield made
    made.close()


@pytest.fixture(scope="session")
def in_child() -> Callable[[Callable[[], None]], None]:
    """Calls a function in a forked child and waits for it; an error there is an error here."""

    def call(work: Callable[[], None]) -> None:
        pid = os.fork()
        if pid == 0:
            _work_and_exit(work)
        _, status = os.waitpid(pid, 0)
        assert os.waitstatus_to_exitcode(status) == 0

    return call


def _work_and_exit(work: Callable[[], None]) -> None:
    try:
        work()
    except BaseException:  # noqa: BLE001 - whatever it is, the child must not run the other tests
        traceback.print_exc()
        os._exit(1)
    os._exit(0)
