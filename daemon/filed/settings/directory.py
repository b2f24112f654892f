"""Whether a directory can be entered, and what to tell where it cannot."""

import os
from pathlib import Path

from filed.settings.layers import Origin
from filed.settings.notation import quoted


def complaint_of(root: Path, origin: Origin) -> str:
    """Complain of a root that is no directory to be entered; empty where it is one."""
    # Looking up "." in a directory asks for what serving asks for, the right to search it
    # (path_resolution(7)); pathlib would drop the dot.
    try:
        os.stat(f"{root}/.")  # noqa: PTH116
    except OSError as error:
        return (
            f"{origin.subject('root')}: {quoted(str(root))}: expected a directory that can be "
            f"entered ({error.strerror})"
        )
    return ""
