"""The settings: every option once, read from file, environment and command line."""

from filed.settings.address import Address
from filed.settings.loading import ConfigError, Loaded, load
from filed.settings.model import Settings
from filed.settings.root import checked

__all__ = ["Address", "ConfigError", "Loaded", "Settings", "checked", "load"]
