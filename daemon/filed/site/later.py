"""An answer that takes longer than the others can be held up for."""

from collections.abc import Callable

from filed.protocols.messages import Request
from filed.site.reply import Reply


class Later:
    """An answer that is being made beside the loop, for one who waits for it.

    Attributes:
        request: what is to be answered.
        finish: makes the reply to it, or to one that differs in how the connection goes on, once
            all that it takes is there. Raises what went wrong with that.
        is_wanted: somebody still waits for it.
    """

    __slots__ = ("_tell", "finish", "is_wanted", "request")

    def __init__(self, request: Request, finish: Callable[[Request], Reply]) -> None:
        """Begin with nobody to be told."""
        self.request = request
        self.finish = finish
        self.is_wanted = True
        self._tell: Callable[[], None] | None = None

    def then(self, tell: Callable[[], None]) -> None:
        """Have `tell` called when `finish` can be."""
        self._tell = tell

    def forget(self) -> None:
        """Wait no longer."""
        self.is_wanted = False
        self._tell = None

    def is_there(self) -> None:
        """Tell who waits, once; to be called in the loop's thread by whom the answer depends on."""
        tell, self._tell = self._tell, None
        if tell is not None:
            tell()
