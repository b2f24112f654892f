"""Where to listen: an IP address and a port."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Final, Self

ALL_ADDRESSES: Final = "::"

_FORM: Final = re.compile(r"(?:\[(?P<v6>[^\]]*)\]|(?P<v4>[^:]*)):(?P<port>[0-9]{1,5})")


@dataclass(frozen=True, slots=True)
class Address:
    """An IP address in its canonical spelling and a port; port 0 lets the kernel choose one."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `[IPV6]:PORT`, `IPV4:PORT` or `:PORT`, which means all addresses.

        Raises:
            ValueError: it is none of these; a host name is not, since what it stands for may
                change or not be known yet when a daemon starts.
        """
        form = _FORM.fullmatch(text)
        if form is None or int(form["port"]) > 0xFFFF:
            raise ValueError("not an address with a port")
        return cls(_host(form["v6"], form["v4"]), int(form["port"]))


def _host(v6: str | None, v4: str | None) -> str:
    if v6 is None:
        return str(IPv4Address(v4)) if v4 else ALL_ADDRESSES
    if "%" in v6:
        raise ValueError("an address of one link only cannot be listened on")
    return str(IPv6Address(v6))
