"""What a master starts from: what the one before it in the same process has left.

A first start is a hand-over of nothing, so there is only one way to start.
"""

from dataclasses import dataclass
from typing import Self

from filed.metrics.table import Table
from filed.process.listeners import Listeners, bind
from filed.settings import Settings


@dataclass(slots=True)
class Handover:
    """What outlives a master.

    Attributes:
        listeners: bound sockets; None where there are none yet.
        table: the shared numbers; None where there is none yet.
    """

    listeners: Listeners | None = None
    table: Table | None = None

    @classmethod
    def of_nothing(cls) -> Self:
        """Return what a first start is handed."""
        return cls()

    def complete(self, settings: Settings) -> tuple[Listeners, Table]:
        """Return what was handed over, and what was not made new.

        Raises:
            BindError: an address cannot be bound.
            OSError: no memory or descriptor for the table.
        """
        listeners = self.listeners if self.listeners is not None else bind(settings)
        table = self.table if self.table is not None else Table.create()
        return listeners, table
