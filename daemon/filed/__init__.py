"""filed: a read-only file server daemon for Linux."""

__version__ = "0.1.0"
