"""The templates and what they inline, all read and compiled before any worker starts.

A page is one file: its styles, its script and its icons are in it, and it fetches nothing. Its
policy (Content Security Policy, W3C) names the hashes of just these blocks, so markup that came in
by a name could do nothing, even if it were not inert.
"""

from base64 import b64encode
from hashlib import sha256
from importlib.resources import files
from typing import Final
from urllib.parse import quote

import jinja2.debug as _  # noqa: F401 - else jinja2's first error would, when nothing can be opened
from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

_ROOM: Final = files(__package__)


def _read(name: str) -> str:
    return _ROOM.joinpath(name).read_text("utf-8")


def _dense(text: str) -> str:
    """Leave out what only readers of the source need: indentation, lines that are comments."""
    lines = (line.strip() for line in text.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith(("/*", "//")))


def _hash(block: str) -> str:
    return f"'sha256-{b64encode(sha256(block.encode()).digest()).decode()}'"


def _policy(*, style: str, script: str, form: str) -> bytes:
    directives = (
        "default-src 'none'",
        f"style-src {style}",
        f"script-src {script}",
        "img-src data:",  # the icon; without one browsers ask for /favicon.ico
        f"form-action {form}",
        "base-uri 'none'",
        "frame-ancestors 'self'",
    )
    return "; ".join(directives).encode()


def _compile(name: str, style: str) -> Template:
    environment = Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined
    )
    environment.globals = {
        "favicon": _FAVICON,
        "icons": Markup(_ICONS),  # noqa: S704 - ours, so it is markup as it is
        "script": Markup(_SCRIPT),  # noqa: S704 - the same
        "style": Markup(style),  # noqa: S704 - the same
    }
    return environment.from_string(_read(name))


_ICONS: Final = _dense(_read("icons.svg"))
_SCRIPT: Final = _dense(_read("listing.js"))
_STYLE: Final = _dense(_read("page.css"))
_LISTING_STYLE: Final = f"{_STYLE}\n{_dense(_read('listing.css'))}"
_FAVICON: Final = "data:image/svg+xml," + quote(_dense(_read("favicon.svg")), safe=" =/:'")

LISTING: Final = _compile("listing.html", _LISTING_STYLE)
MESSAGE: Final = _compile("message.html", _STYLE)

# The values of Content-Security-Policy that go with them.
LISTING_POLICY: Final = _policy(style=_hash(_LISTING_STYLE), script=_hash(_SCRIPT), form="'self'")
MESSAGE_POLICY: Final = _policy(style=_hash(_STYLE), script="'none'", form="'none'")
