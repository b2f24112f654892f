"""Media types by a name's ending: a table of our own, so that every machine answers alike."""

from typing import Final

_UNKNOWN: Final = b"application/octet-stream"

# As IANA has registered them, where it has.
_ENDINGS: Final = {
    "text/html": "html htm",
    "text/css": "css",
    "text/javascript": "js mjs",
    "text/plain": "txt text log conf cfg ini ipxe sha256 sha512 md5 asc",
    "text/markdown": "md markdown",
    "text/csv": "csv",
    "text/tab-separated-values": "tsv",
    "text/xml": "xml xsl",
    "text/calendar": "ics",
    "text/x-python": "py",
    "text/x-shellscript": "sh",
    "application/json": "json map",
    "application/jsonl": "jsonl ndjson",
    "application/toml": "toml",
    "application/yaml": "yaml yml",
    "application/wasm": "wasm",
    "application/pdf": "pdf",
    "application/zip": "zip whl egg apk",
    "application/java-archive": "jar war",
    "application/gzip": "gz tgz",
    "application/zstd": "zst",
    "application/x-bzip2": "bz2",
    "application/x-xz": "xz txz",
    "application/x-tar": "tar",
    "application/x-7z-compressed": "7z",
    "application/vnd.debian.binary-package": "deb udeb",
    "application/x-rpm": "rpm",
    "application/x-iso9660-image": "iso",
    "application/efi": "efi",
    "application/vnd.apache.parquet": "parquet",
    "application/sql": "sql",
    "application/pgp-signature": "sig",
    "application/rss+xml": "rss",
    "application/atom+xml": "atom",
    "application/epub+zip": "epub",
    "font/woff": "woff",
    "font/woff2": "woff2",
    "font/ttf": "ttf",
    "font/otf": "otf",
    "image/png": "png",
    "image/jpeg": "jpg jpeg",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/avif": "avif",
    "image/svg+xml": "svg",
    "image/vnd.microsoft.icon": "ico",
    "image/tiff": "tif tiff",
    "image/bmp": "bmp",
    "audio/mpeg": "mp3",
    "audio/ogg": "ogg oga opus",
    "audio/flac": "flac",
    "audio/wav": "wav",
    "audio/mp4": "m4a",
    "video/mp4": "mp4 m4v",
    "video/webm": "webm",
    "video/ogg": "ogv",
    "video/x-matroska": "mkv",
    "video/quicktime": "mov",
}


def _with_charset(media_type: str) -> str:
    return f"{media_type}; charset=utf-8" if media_type.startswith("text/") else media_type


_BY_ENDING: Final = {
    ending.encode(): _with_charset(media_type).encode()
    for media_type, endings in _ENDINGS.items()
    for ending in endings.split()
}


def media_type(path: bytes) -> bytes:
    """Return the media type of a file by its name, with a charset where it is text."""
    _, dot, ending = path.rpartition(b"/")[2].rpartition(b".")
    return _BY_ENDING.get(ending.lower(), _UNKNOWN) if dot else _UNKNOWN
