"""What was measured, as a table for people and as JSON for programs."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from bench.cases import CASES, Unit
from bench.figures import Figure, present, ratio
from bench.machine import Machine
from bench.measure import Sample
from bench.peers import OURS

Samples = Mapping[str, Sequence[Sample]]

_HEADER: Final = (
    "case",
    "server",
    "CPU (lowest to highest)",
    "rate",
    "p50",
    "p99",
    "theirs / ours",
)
# Rounds whose extremes are further apart, as a share of the median, tell of the machine instead.
_WIDE: Final = 0.15


@dataclass(frozen=True, slots=True)
class Scene:
    """What any figures depend on, besides the servers.

    Attributes:
        date: when the run began, ISO 8601.
        command: that was given.
        machine: that it ran on.
        network: and congestion control.
        versions: of everything that took part, by name.
        rounds: that count.
    """

    date: str
    command: str
    machine: Machine
    network: str
    versions: Mapping[str, str]
    rounds: int

    def facts(self) -> tuple[str, ...]:
        """Say it, but for the rounds."""
        machine = self.machine
        return (
            f"{self.date}, `{self.command}`",
            f"{machine.cpu}, {machine.cores} cores, {machine.kernel}",
            f"load average before: {machine.load_average:.2f}",
            ", ".join(f"{name} {version}" for name, version in self.versions.items()),
        )


@dataclass(frozen=True, slots=True)
class Setting(Scene):
    """What the figures of HTTP depend on.

    Attributes:
        seconds: each round took.
    """

    seconds: int


def markdown(setting: Setting, results: Mapping[str, Samples]) -> str:
    """Write the whole report, readable as it is on a terminal too."""
    rows = [row for name, samples in results.items() for row in _case_rows(name, samples)]
    parts = (_preamble(setting), table(_HEADER, rows), doubts(_costs(results)))
    return "\n\n".join(filter(None, parts)) + "\n"


def write(folder: Path, setting: Setting, results: Mapping[str, Samples]) -> list[Path]:
    """Write the report and all samples into a folder, under names made of the date.

    Returns:
        The files.
    """
    told = asdict(setting) | {
        "cases": {
            name: {server: list(map(asdict, samples)) for server, samples in servers.items()}
            for name, servers in results.items()
        }
    }
    return save(folder, stem(setting), told, markdown(setting, results))


def stem(scene: Scene) -> str:
    """Make a file's name of the date."""
    return scene.date.replace(":", "")


def save(folder: Path, stem: str, told: Mapping[str, object], report: str) -> list[Path]:
    """Write a report for people, and what is told to programs, side by side into a folder.

    Returns:
        The files, that for programs first.
    """
    folder.mkdir(exist_ok=True)
    texts = {
        folder / f"{stem}.json": json.dumps(told, indent=2) + "\n",
        folder / f"{stem}.md": report,
    }
    for path, text in texts.items():
        path.write_text(text)
    return list(texts)


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lay out a Markdown table with columns of even width."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    rule = ["-" * width for width in widths]
    return "\n".join(_line(cells, widths) for cells in (header, rule, *rows))


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return f"| {' | '.join(padded)} |"


def bullets(facts: Iterable[str]) -> str:
    """Lay out a Markdown list."""
    return "\n".join(f"- {fact}" for fact in facts)


def _preamble(setting: Setting) -> str:
    return bullets(
        (
            *setting.facts(),
            f"{setting.network}; server and load generator on one core",
            f"median of {setting.rounds} rounds of {setting.seconds} s, servers in turn",
        )
    )


def doubts(costs: Mapping[str, Figure]) -> str:
    """Name the figures that do not hold still; say nothing if all do."""
    wide = [name for name, figure in costs.items() if figure.scatter > _WIDE]
    return f"Rounds far apart, better measured again: {', '.join(wide)}." if wide else ""


def _costs(results: Mapping[str, Samples]) -> dict[str, Figure]:
    return {
        f"{case} of {server}": Figure.of(sample.cpu for sample in samples)
        for case, servers in results.items()
        for server, samples in servers.items()
    }


def _case_rows(name: str, samples: Samples) -> list[tuple[str, ...]]:
    case = CASES[name]
    ours = Figure.of(sample.cpu for sample in samples[OURS])
    titles = [f"{case.title}, {case.connections} connections", *[""] * (len(samples) - 1)]
    return [
        (title, server, *_cells(case.unit, of_server), _compared(server, of_server, ours))
        for title, (server, of_server) in zip(titles, samples.items(), strict=True)
    ]


def _cells(unit: Unit, samples: Sequence[Sample]) -> tuple[str, ...]:
    cpu = Figure.of(sample.cpu for sample in samples)
    rate = Figure.of(sample.rate for sample in samples)
    return (
        f"{number(cpu.median)} {unit.cpu} ({number(cpu.low)} to {number(cpu.high)})",
        f"{number(rate.median)} {unit.many}/s",
        _latency(present(sample.p50_us for sample in samples)),
        _latency(present(sample.p99_us for sample in samples)),
    )


def _compared(server: str, samples: Sequence[Sample], ours: Figure) -> str:
    if server == OURS:
        return ""
    return f"{ratio(Figure.of(sample.cpu for sample in samples), ours):.2f}"


def _latency(values_us: Sequence[float]) -> str:
    return f"{number(Figure.of(values_us).median / 1000)} ms" if values_us else ""


def number(value: float) -> str:
    """Write three digits, or all that stand before the point, those in groups."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"
