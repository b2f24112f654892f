"""What downloads came to, as one process tells another."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Self

from bench.tftp.download import Download


@dataclass(slots=True)
class Outcome:
    """What the downloads of one or more processes came to.

    Attributes:
        processes: how many there were.
        began_s, ended_s: by the machine's monotonic clock.
        cpu_s: that the processes took between the two.
        done: downloads that are whole.
        received_bytes: of files, in order.
        resent, duplicates, gaps: as `Download` counts them.
        windows: the window sizes that were granted, each once.
        failures: why each download failed that did.
    """

    processes: int = 1
    began_s: float = 0.0
    ended_s: float = 0.0
    cpu_s: float = 0.0
    done: int = 0
    received_bytes: int = 0
    resent: int = 0
    duplicates: int = 0
    gaps: int = 0
    windows: list[int] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """From the first request to the last acknowledgement."""
        return self.ended_s - self.began_s

    @property
    def busy(self) -> float:
        """How much of the time a process was on a CPU; 1 is all of it."""
        return self.cpu_s / self.seconds / self.processes

    @property
    def reasons(self) -> str:
        """Why downloads failed, and how many for each reason."""
        return "; ".join(f"{why} ({count} times)" for why, count in Counter(self.failures).items())

    @classmethod
    def read(cls, text: str) -> Self:
        """Read what `written` wrote."""
        return cls(**json.loads(text))

    @classmethod
    def merged(cls, outcomes: Iterable[Self]) -> Self:
        """Take several, of processes that ran at the same time, as one."""
        parts = list(outcomes)
        return cls(
            processes=sum(part.processes for part in parts),
            began_s=min(part.began_s for part in parts),
            ended_s=max(part.ended_s for part in parts),
            cpu_s=sum(part.cpu_s for part in parts),
            done=sum(part.done for part in parts),
            received_bytes=sum(part.received_bytes for part in parts),
            resent=sum(part.resent for part in parts),
            duplicates=sum(part.duplicates for part in parts),
            gaps=sum(part.gaps for part in parts),
            windows=sorted({window for part in parts for window in part.windows}),
            failures=[why for part in parts for why in part.failures],
        )

    def written(self) -> str:
        """Write it as a line of JSON."""
        return json.dumps(asdict(self))

    def count(self, download: Download) -> None:
        """Add a download that has ended, well or not."""
        self.done += download.is_done
        self.received_bytes += download.received_bytes
        self.resent += download.resent
        self.duplicates += download.duplicates
        self.gaps += download.gaps
        if download.window and download.window not in self.windows:
            self.windows.append(download.window)
