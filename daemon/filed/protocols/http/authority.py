"""The host and port that a request names, in its Host field or in its target."""

import re
from ipaddress import AddressValueError, IPv6Address
from typing import Final

# RFC 3986 §3.2.2 and §3.2.3; the name and the port may be empty.
_AUTHORITY: Final = re.compile(
    rb"(?:(?:[-.~_!$&'()*+,;=0-9A-Za-z]++|%[0-9A-Fa-f]{2})*+"
    rb"|\[(?:([0-9A-Fa-f:.]++)|[Vv][0-9A-Fa-f]++\.[-.~_!$&'()*+,;=:0-9A-Za-z]++)\])"
    rb"(?::[0-9]*+)?"
)


def is_authority(value: bytes) -> bool:
    """Say whether a value is a name or an address, maybe with a port, and without a user."""
    match = _AUTHORITY.fullmatch(value)
    if match is None:
        return False
    if match[1] is None:
        return True
    try:
        IPv6Address(match[1].decode())
    except AddressValueError:
        return False
    return True
