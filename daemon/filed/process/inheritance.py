"""What a child has of the master."""

from dataclasses import dataclass

from filed.files.tree import Tree
from filed.log.sink import Sink
from filed.metrics.table import Table
from filed.process.listeners import Listeners
from filed.process.sandbox import Identity
from filed.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Inheritance:
    """What all children are given by the fork.

    Attributes:
        settings: what was asked for.
        listeners: the sockets, shared.
        tree: what is served; opened once, so that all serve the same.
        table: the shared numbers.
        former: tables of other layouts that workers of other versions still count in.
        sink: where log lines go.
        json: whether they are JSON.
        identity: who the children become.
        master_pidfd: readable once the master has gone (pidfd_open(2)).
    """

    settings: Settings
    listeners: Listeners
    tree: Tree
    table: Table
    former: list[Table]
    sink: Sink
    json: bool
    identity: Identity
    master_pidfd: int

    def close(self) -> None:
        """Give all of it back: the daemon ends."""
        self.listeners.close()
        for table in (self.table, *self.former):
            table.close()
        self.sink.close()
