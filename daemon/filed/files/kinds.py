"""What a listing's icon tells of a file: its kind, by the name alone."""

from enum import StrEnum
from typing import Final

from filed.files.media_type_table import entries
from filed.files.media_types import ByName


class Kind(StrEnum):
    """What somebody who looks for a file tells apart at a glance, in sixteen pixels."""

    DIRECTORY = "directory"
    ARCHIVE = "archive"
    PACKAGE = "package"
    DISK = "disk"  # an image of one, or of a file system
    PROGRAM = "program"  # boot loaders, kernels and firmware too
    IMAGE = "image"
    AUDIO = "audio"
    VIDEO = "video"
    FONT = "font"
    TEXT = "text"
    DOCUMENT = "document"
    CODE = "code"
    DATA = "data"
    SIGNATURE = "signature"  # checksums, keys and certificates too
    OTHER = "other"


_KINDS: Final = ByName({entry.name: Kind(entry.kind) for entry in entries()})


def kind_of(name: bytes, *, directory: bool) -> Kind:
    """Return the kind of a file or directory.

    Args:
        name: its name; of a path, the last segment counts.
        directory: it is a directory, whatever its name.
    """
    if directory:
        return Kind.DIRECTORY
    return _KINDS.find(name) or Kind.OTHER
