"""Every metric, once: its name, type, closed labels, bounds and meaning.

The layout of the table, what the exporter says and `docs/metrics.md` all follow from this file;
after a change here, `python -m filed.metrics.generate` writes the document anew. Names lack the
`filed_` that all of them start with. Nothing a client sends ever becomes a label: a series is
listed here or it does not exist.

All processes write the same slots, each in its own row. The order is the layout.
"""

from itertools import chain, product
from typing import Final

from filed.metrics.layout import MICROSECONDS, NANOSECONDS, Layout

PREFIX: Final = "filed_"
LAYOUT: Final = Layout()

PROTOCOLS: Final = ("http", "plain", "query", "tftp")
METHODS: Final = ("GET", "HEAD", "other")
ROLES: Final = ("master", "worker", "exporter")

_HTTP_CODES: Final = (
    *("200", "204", "206"),
    *("301", "304"),
    *("400", "403", "404", "405", "408", "412", "413", "414", "416", "431"),
    *("500", "501", "503", "505"),
)
_NAME_CODES: Final = ("200", "400", "403", "404", "500", "503")

_TRANSFERRING: Final = ("http", "plain", "tftp")
_ABORT_REASONS: Final = ("peer", "stall", "min_rate", "truncated", "drain", "error")

_KIB: Final = 1024
_TFTP_ENDS: Final = (
    *("done", "declined"),
    *("peer", "timeout", "unanswered", "truncated", "drain", "error"),
)

# --- Requests and transfers -----------------------------------------------------------------------

REQUESTS: Final = LAYOUT.counter(
    "requests_total",
    "Requests by how they were answered, counted when their transfer ends; "
    "`code` is HTTP's, for the other protocols the nearest.",
    labels=("protocol", "method", "code"),
    series=chain(
        product(("http",), METHODS, _HTTP_CODES),
        product(("plain", "query", "tftp"), ("GET",), _NAME_CODES),
        product(("tftp",), ("other",), ("400", "403")),
    ),
)
SENT_BYTES: Final = LAYOUT.counter(
    "sent_bytes_total",
    "Bytes that the kernel took for sending: heads, and what was sent again, included.",
    labels=("protocol",),
    series=product(PROTOCOLS),
)
TIME_TO_FIRST_BYTE: Final = LAYOUT.histogram(
    "time_to_first_byte_seconds",
    "From the last byte of a request to the first byte of its answer.",
    labels=("protocol",),
    series=product(PROTOCOLS),
    bounds=(
        *(0.00005, 0.0001, 0.00025, 0.0005),
        *(0.001, 0.0025, 0.005),
        *(0.01, 0.025, 0.05),
        *(0.1, 0.25, 0.5),
        *(1, 2.5, 10),
    ),
    scale=MICROSECONDS,
)
TRANSFER_DURATION: Final = LAYOUT.histogram(
    "transfer_duration_seconds",
    "From the last byte of a request to the last byte of its answer, or to its abort.",
    labels=("protocol",),
    series=product(_TRANSFERRING),
    bounds=(
        *(0.001, 0.005),
        *(0.01, 0.05),
        *(0.1, 0.5),
        *(1, 5, 10, 30),
        *(60, 120, 300, 600, 1800, 3600),
    ),
    scale=MICROSECONDS,
)
TRANSFER_SIZE: Final = LAYOUT.histogram(
    "transfer_size_bytes",
    "Bytes sent for one answer, its head included.",
    labels=("protocol",),
    series=product(_TRANSFERRING),
    bounds=tuple(_KIB * 4**power for power in range(13)),
)
TRANSFERS_ABORTED: Final = LAYOUT.counter(
    "transfers_aborted_total",
    "Answers that did not reach their end, by what ended them; a TFTP client that went silent is "
    "`stall`.",
    labels=("protocol", "reason"),
    series=product(_TRANSFERRING, _ABORT_REASONS),
)

# --- Connections and datagrams --------------------------------------------------------------------

CONNECTIONS: Final = LAYOUT.gauge(
    "connections",
    "Open TCP connections by what they are doing; `sending` are also those whose answer is made.",
    labels=("state",),
    series=product(("reading", "sending", "idle")),
)
CONNECTIONS_LIMIT: Final = LAYOUT.gauge(
    "connections_limit",
    "How many TCP connections the workers that accept may hold, all together.",
)
CONNECTIONS_ACCEPTED: Final = LAYOUT.counter(
    "connections_accepted_total",
    "TCP connections accepted.",
)
CONNECTIONS_REJECTED: Final = LAYOUT.counter(
    "connections_rejected_total",
    "Connections closed at once because their client had too many (`per_client`), and the times "
    "that a worker paused accepting: no descriptor free (`descriptors`), no room (`full`).",
    labels=("reason",),
    series=product(("per_client", "descriptors", "full")),
)
TIMEOUTS: Final = LAYOUT.counter(
    "timeouts_total",
    "Connections ended by a timeout, by what was waited for; `answer` is a listing, and TFTP "
    "transfers that a drain has cut are in `drain` too.",
    labels=("phase",),
    series=product(("head", "idle", "stall", "min_rate", "linger", "drain", "answer")),
)
DATAGRAMS_DROPPED: Final = LAYOUT.counter(
    "datagrams_dropped_total",
    "UDP datagrams that were not answered, by why; `stray` are TFTP packets that belong to no "
    "transfer or mean nothing to theirs; `per_client`, `full`, `descriptors`, `ports` and "
    "`unreachable` are requests for which there was no room, or no way back.",
    labels=("reason",),
    series=product(
        (
            *("rate", "looks_like_answer", "source_port", "broadcast"),
            *("truncated", "disabled"),
            *("stray", "per_client", "full", "descriptors", "ports", "unreachable"),
        )
    ),
)

# --- TFTP -----------------------------------------------------------------------------------------

TFTP_TRANSFERS: Final = LAYOUT.gauge(
    "tftp_transfers_active",  # OpenMetrics keeps the bare name for the counter below
    "TFTP transfers under way.",
)
TFTP_TRANSFERS_ENDED: Final = LAYOUT.counter(
    "tftp_transfers_total",
    "TFTP transfers that have ended, by how; the clients of `unanswered` ones never confirmed the "
    "first packet, those of `declined` ones only wanted the size, or other terms.",
    labels=("result",),
    series=product(_TFTP_ENDS),
)
TFTP_RETRANSMITS: Final = LAYOUT.counter(
    "tftp_retransmits_total",
    "TFTP packets that were sent again, counted when their transfer ends.",
)
TFTP_ERRORS: Final = LAYOUT.counter(
    "tftp_errors_total",
    "TFTP ERROR packets sent, by their code (RFC 1350, RFC 2347).",
    labels=("code",),
    series=product(("0", "1", "2", "4")),
)
TFTP_BLKSIZE: Final = LAYOUT.histogram(
    "tftp_blksize_bytes",
    "Block sizes that TFTP transfers have agreed on (RFC 2348).",
    labels=(),
    series=((),),
    bounds=(512, 1024, 1428, 1456, 1468, 4096, 8192, 16384, 65464),
)
TFTP_WINDOWSIZE: Final = LAYOUT.histogram(
    "tftp_windowsize",
    "Window sizes, in blocks, that TFTP transfers have agreed on (RFC 7440).",
    labels=(),
    series=((),),
    bounds=(1, 2, 4, 8, 16, 32, 64),
)

# --- Cache ----------------------------------------------------------------------------------------

CACHE_HITS: Final = LAYOUT.counter(
    "cache_hits_total",
    "Look-ups of a file that were answered from a worker's cache.",
)
CACHE_MISSES: Final = LAYOUT.counter(
    "cache_misses_total",
    "Look-ups of a file that had to open it.",
)
CACHE_BYTES: Final = LAYOUT.gauge(
    "cache_bytes",
    "Bytes that the workers' caches keep in memory.",
)
CACHE_ENTRIES: Final = LAYOUT.gauge(
    "cache_entries",
    "Files that the workers' caches hold.",
)

# --- Processes ------------------------------------------------------------------------------------

WORKERS: Final = LAYOUT.gauge(
    "workers",
    "Worker processes by whether they take new connections.",
    labels=("state",),
    series=product(("running", "draining")),
)
WORKER_RESTARTS: Final = LAYOUT.counter(
    "worker_restarts_total",
    "Workers replaced: they exited, a signal killed them, they could not start, or they were "
    "stuck and killed for it.",
    labels=("reason",),
    series=product(("exit", "signal", "boot", "stuck")),
)
WORKER_HEARTBEAT: Final = LAYOUT.row_gauge(
    "worker_heartbeat_timestamp_seconds",
    "When the worker that holds this row of the table last turned its loop.",
    scale=NANOSECONDS,
)
EXPORTER_HEARTBEAT: Final = LAYOUT.row_gauge(
    "exporter_heartbeat_timestamp_seconds",
    "When the exporter, in this row of the table, last turned its loop.",
    scale=NANOSECONDS,
)
PROCESS_CPU: Final = LAYOUT.counter(
    "process_cpu_seconds_total",
    "CPU time, user and system, of all processes of a role, ended ones included.",
    labels=("role",),
    series=product(ROLES),
    scale=NANOSECONDS,
)
PROCESS_MEMORY: Final = LAYOUT.gauge(
    "process_resident_memory_bytes",
    "Resident memory of the processes of a role; what they share counts for each.",
    labels=("role",),
    series=product(ROLES),
)
PROCESS_FDS: Final = LAYOUT.gauge(
    "process_open_fds",
    "Open file descriptors of the processes of a role.",
    labels=("role",),
    series=product(ROLES),
)
RELOAD_SUCCESSFUL: Final = LAYOUT.gauge(
    "config_last_reload_successful",
    "Whether the last reload that was asked for went well: 0 if it was refused, or if its workers "
    "could not start. 1 until there is one.",
)
RELOAD_SUCCESS_TIME: Final = LAYOUT.gauge(
    "config_last_reload_success_timestamp_seconds",
    "When the configuration that holds was taken: at the last accepted reload, or at the start.",
    scale=NANOSECONDS,
)
LOG_LINES_DROPPED: Final = LAYOUT.counter(
    "log_lines_dropped_total",
    "Log lines lost because standard error did not take them.",
)

# --- Found by the collector -----------------------------------------------------------------------

BUILD_INFO: Final = LAYOUT.compute(
    "build_info",
    "Which filed runs, on which Python; always 1.",
    labels=("version", "python"),
)
SCRAPE_DURATION: Final = LAYOUT.compute(
    "scrape_duration_seconds",
    "How long reading and adding up the rows took for this very scrape.",
)
