"""What a file's error comes to: HTTP's status, which is also the nearest for other protocols."""

from typing import Final

from filed.files import errors

_STATUS: Final[dict[type[errors.FileError], int]] = {
    errors.BadName: 400,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Broken: 500,
    errors.Unavailable: 503,
}


def status_of(error: errors.FileError) -> int:
    """Return the status for an error of the tree."""
    return _STATUS[type(error)]
