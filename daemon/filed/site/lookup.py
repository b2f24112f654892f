"""From a request's name to the file that it asks for."""

from typing import Final

from filed.files.cache import Cache, CachedFile
from filed.files.errors import IsDirectory, NotFound
from filed.files.names import Name, normalise

# Names met lately, so that one that comes again need not be taken apart again. Long ones are left
# out to bound the memory.
_REMEMBERED_NAMES: Final = 4096
_REMEMBERED_BYTES: Final = 256
_END_OF_OPTIONS: Final = b"\xff"  # RFC 2132 §3.2


class Lookup:
    """Normalises names and finds files in the cache.

    Attributes:
        cache: that one.
    """

    def __init__(self, cache: Cache, *, hidden: bool) -> None:
        """Serve hidden names too where `hidden` says so."""
        self.cache = cache
        self._hidden = hidden
        self._names: dict[bytes, Name] = {}

    def name(self, raw: bytes) -> Name:
        """Normalise a client's name.

        Raises:
            BadName, NotFound: as `files.names.normalise`.
        """
        name = self._names.get(raw)
        if name is None:
            name = normalise(raw, hidden=self._hidden)
            if len(raw) <= _REMEMBERED_BYTES:
                if len(self._names) >= _REMEMBERED_NAMES:
                    self._names.clear()
                self._names[raw] = name
        return name

    def file(self, name: Name) -> CachedFile:
        """Find the file that a name leads to.

        Raises:
            IsDirectory: it leads to a directory.
            FileError: there is nothing to serve.
        """
        if name.directory:
            raise IsDirectory("a directory")
        return self.cache.find(name.path)

    def file_of_firmware(self, raw: bytes) -> CachedFile:
        r"""Find a file by a name as firmware and boot loaders send it.

        Windows' loaders have `\` where others have `/`; some PXE ROMs add the 0xFF that ended the
        DHCP option from which they took the name. Only where there is no file of the very name is
        another one tried.

        Raises:
            FileError: there is nothing to serve; a directory is NotFound.
        """
        try:
            return self._file_or_not_found(raw)
        except NotFound:
            meant = raw.replace(b"\\", b"/").removesuffix(_END_OF_OPTIONS)
            if meant == raw:
                raise
        return self._file_or_not_found(meant)

    def _file_or_not_found(self, raw: bytes) -> CachedFile:
        try:
            return self.file(self.name(raw))
        except IsDirectory as error:
            raise NotFound("a directory, where only files are served") from error
