"""Every option of the daemon, once: its type, default, unit, and what it means.

The commented `config/filed.toml`, the options' help and `docs/settings.md` are made from this file.
The first sentence of a description has to do alone in the help.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from filed.settings.address import Address
from filed.settings.cpus import usable_cpus
from filed.settings.field_rules import FieldRules
from filed.settings.frozen import FrozenMap
from filed.settings.kinds import (
    MAX_WORKERS,
    Addresses,
    AddressOrOff,
    Bytes,
    FileNames,
    Group,
    PortsOrAny,
    Root,
    Seconds,
    SecondsOfSilence,
    SecondsOrNone,
    Sidecars,
    TftpOptions,
    Unit,
    User,
    Workers,
)
from filed.settings.media_types import MediaTypes
from filed.settings.table import Table


class Listen(Table):
    tcp: Addresses = Field(
        (Address("::", 7788),),
        description="Where HTTP and plain requests are taken, over TCP. [::] takes IPv4 too; where "
        "there is no IPv6 it stands for 0.0.0.0. Port 0 lets the kernel choose one.",
    )
    udp: Addresses = Field(
        (Address("::", 7788),),
        description="Where TFTP and queries are taken, over UDP. Addresses mean the same as in "
        "tcp.",
    )
    backlog: int = Field(
        4096,
        ge=1,
        le=65535,
        description="How many TCP connections may wait to be accepted. The kernel's own bound, "
        "net.core.somaxconn, holds as well.",
    )


class Files(Table):
    symlinks: Literal["inside", "never"] = Field(
        "inside",
        description="Which symbolic links are followed. Those that stay inside the root, or none; "
        "one that leads out of the root is never followed.",
    )
    hidden: bool = Field(
        default=False,
        description="Serve and list names that begin with a dot. If false, they are not found; "
        ".well-known at the top is served all the same.",
    )
    cache_entries: int = Field(
        4096,
        ge=0,
        description="How many files each worker remembers. 0 opens a file anew for each request.",
    )
    cache_bytes: Bytes = Field(
        64 * 1024 * 1024,
        ge=0,
        description="How much memory each worker spends on the contents of small files.",
    )
    small_file_bytes: Bytes = Field(
        64 * 1024,
        ge=0,
        description="Up to which size a file is kept in memory. Such a file is sent together with "
        "its head in one system call; larger ones go from the page cache to the socket.",
    )


class Http(Table):
    enabled: bool = Field(
        default=True,
        description="Answer HTTP. If false, an HTTP request gets 403 and the connection closes.",
    )
    index: FileNames = Field(
        ("index.html",),
        description="Which files stand for their directory. The first that exists is sent.",
    )
    listing: bool = Field(
        default=True,
        description="List directories that have no index file. If false, they are not found.",
    )
    listing_entries: int = Field(
        200_000,
        ge=1,
        description="How many entries of a directory are read. A listing of one with more shows "
        "these and says so.",
    )
    precompressed: Sidecars = Field(
        ("zst", "br", "gz"),
        description="Which compressed files are sent in place of a file that they stand beside. "
        "name.zst, name.br or name.gz is sent for name, to clients that accept it.",
    )
    server_header: bool = Field(
        default=True,
        description="Send a Server field with each answer.",
    )
    media_types: MediaTypes = Field(
        FrozenMap(),
        description="Media types of your own, by the ending or the whole name of files. They win "
        "over those that the server knows, the longest ending first, and a whole name over all.",
    )
    headers: FieldRules = Field(
        (),
        description="Header fields of your own. All rules that match a path are applied, in order. "
        "Fields that follow from the file or the connection, such as ETag, are the server's alone.",
    )


class Plain(Table):
    enabled: bool = Field(
        default=True,
        description="Answer plain requests: a name in, the file's bytes out. If false, the "
        "connection closes without an answer.",
    )


class Query(Table):
    enabled: bool = Field(
        default=True,
        description="Answer UDP queries: a name in, one line about the file out. If false, they "
        "are dropped.",
    )


class Tftp(Table):
    enabled: bool = Field(
        default=True,
        description="Serve files by TFTP. If false, a request gets error 2.",
    )
    options: TftpOptions = Field(
        ("blksize", "timeout", "tsize", "windowsize"),
        description="Which options a client may agree on with the server. The others are passed "
        "over as if they had not been sent, for clients that ask for what they cannot do.",
    )
    max_blksize: Bytes = Field(
        65464,
        ge=8,
        le=65464,
        description="How large a block may be that a client asks for. It is never larger than what "
        "the network towards the client takes in one piece; tunnels may need 1468 or less.",
    )
    max_windowsize: Annotated[int, Unit("blocks")] = Field(
        64,
        ge=1,
        le=32767,  # of half of all numbers and more, two blocks under way could not be told apart
        description="How many blocks may be sent before the client confirms them. Weak network "
        "chips lose some of a large window.",
    )
    timeout: Annotated[float, Field(ge=0.1, le=255), Unit("seconds")] = Field(
        1,
        description="How long to wait for a client's answer before its round trip is known. After "
        "that the wait follows it, unless the client itself has asked for one.",
    )
    retries: int = Field(
        5,
        ge=0,
        le=16,
        description="How many times blocks are sent again before a client is given up, each wait "
        "twice as long as the one before unless the client has asked for one. Waits shorter than "
        "timeout are not counted.",
    )
    ports: PortsOrAny = Field(
        None,
        description="From which UDP ports files are sent, for firewalls: each transfer has one of "
        "its own. If there are fewer than transfers, requests beyond are dropped.",
    )
    max_transfers: int = Field(
        4096,
        ge=1,
        description="How many transfers each worker has under way. Requests beyond are dropped; "
        "clients ask again.",
    )
    per_client: int = Field(
        64,
        ge=0,
        description="How many of them may go to one address. Requests beyond are dropped; 0 is no "
        "limit. Machines behind one NAT share an address.",
    )


class Limits(Table):
    connections: int = Field(
        10_000,
        ge=1,
        description="How many connections each worker holds. A full worker accepts no more until "
        "there is room.",
    )
    per_client: int = Field(
        0,
        ge=0,
        description="How many connections one client may have with each worker. Those beyond are "
        "closed at once; 0 is no limit.",
    )
    request_line: Bytes = Field(
        8192,
        ge=256,
        le=1024 * 1024,
        description="How long a request's first line may be. A longer one is answered with 414.",
    )
    request_head: Bytes = Field(
        32_768,
        ge=1024,
        le=1024 * 1024,
        description="How long a request's whole head may be, its first line counted. A longer one "
        "is answered with 431.",
    )
    udp_rate: Annotated[int, Unit("answers a second")] = Field(
        50,
        ge=1,
        description="How many datagrams a second of one client address each worker answers. Those "
        "beyond are dropped, so that nobody is flooded in a forged sender's name. A TFTP request "
        "counts until its client has confirmed the first packet.",
    )
    rate: Annotated[int, Unit("bytes a second")] = Field(
        0,
        ge=0,
        le=0x7FFFFFFF,  # it goes to the kernel as an int (SO_MAX_PACING_RATE, socket(7))
        description="How fast each connection is sent to. 0 is no limit.",
    )


class Timeouts(Table):
    head: Seconds = Field(
        10,
        description="How long a request's head may take to come in, from its first byte on.",
    )
    idle: Seconds = Field(
        75,
        description="How long a connection may wait for its next request.",
    )
    stall: Seconds = Field(
        60,
        description="How long a client may take no byte of an answer before it is given up. A "
        "listing that is not made in this time is given up as well.",
    )
    min_rate: Annotated[int, Unit("bytes a second")] = Field(
        0,
        ge=0,
        description="How slow a client may be, on average since its answer began. A slower one is "
        "given up; 0 is no limit.",
    )
    min_rate_grace: SecondsOrNone = Field(
        30,
        description="How long an answer may take before min_rate is asked of it.",
    )
    drain: SecondsOrNone = Field(
        30,
        description="How long transfers may go on after the daemon is told to stop. 0 cuts them.",
    )
    reload_drain: SecondsOrNone = Field(
        3600,
        description="How long transfers may go on in workers that a reload has replaced.",
    )
    worker: SecondsOfSilence = Field(
        60,
        description="How long a worker may show no sign of life before it is replaced.",
    )


class Log(Table):
    format: Literal["auto", "json", "console"] = Field(
        "auto",
        description="How log lines are written, to standard error. auto is console on a terminal "
        "and JSON elsewhere.",
    )
    level: Literal["debug", "info", "warning", "error"] = Field(
        "info",
        description="Which events are written: these and graver ones.",
    )
    access: bool = Field(
        default=True,
        description="Write one line for each request, when its transfer ends.",
    )


class Metrics(Table):
    listen: AddressOrOff = Field(
        Address("127.0.0.1", 7789),
        description="Where Prometheus finds /metrics, and others /healthz.",
    )


class Security(Table):
    user: User = Field(
        None,
        description="Which user the workers and the exporter become, when started as root. "
        "Without one they stay root in name and give up every capability.",
    )
    group: Group = Field(
        None,
        description="Which group they become a member of. Without one it is the user's own; they "
        "leave all others.",
    )
    landlock: Literal["auto", "require", "off"] = Field(
        "auto",
        description="Whether the kernel's Landlock shall let workers read beneath the root only, "
        "and the exporter nothing. auto does as much of it as the kernel can; require starts "
        "nothing without it.",
    )


class Settings(BaseSettings):
    """What the daemon runs with; without arguments, the defaults.

    Attributes:
        layers: where values come from besides the arguments, the strongest first. `load` makes them
            of options, environment and file.
    """

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", strict=True, validate_default=True
    )
    layers: ClassVar[tuple[PydanticBaseSettingsSource, ...]] = ()

    root: Root = Field(
        None,
        description="The directory that is served. A relative path starts where the daemon was "
        "started. Without one the current directory is served, on a terminal only.",
    )
    workers: Workers = Field(
        "auto",
        description="How many worker processes serve. auto is one for each CPU that this process "
        "may use, its cgroup's quota counted.",
    )
    listen: Listen = Field(Listen(), description="Where clients reach the server.")
    files: Files = Field(Files(), description="What is served of the tree, and what is kept.")
    http: Http = Field(Http(), description="HTTP/1.1.")
    plain: Plain = Field(Plain(), description="Plain requests over TCP.")
    tftp: Tftp = Field(Tftp(), description="TFTP, over UDP.")
    query: Query = Field(Query(), description="Queries over UDP.")
    limits: Limits = Field(Limits(), description="How much one worker and one client may take.")
    timeouts: Timeouts = Field(Timeouts(), description="How long things may take.")
    log: Log = Field(Log(), description="What is written to standard error.")
    metrics: Metrics = Field(Metrics(), description="What Prometheus reads.")
    security: Security = Field(
        Security(), description="Who the processes are, and what they may do."
    )

    def resolve_workers(self) -> int:
        """Say how many workers there shall be."""
        return min(MAX_WORKERS, usable_cpus()) if self.workers == "auto" else self.workers

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read `layers` in place of pydantic's own sources, which cannot tell a value's place."""
        del settings_cls, env_settings, dotenv_settings, file_secret_settings
        return (init_settings, *cls.layers)
