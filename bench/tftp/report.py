"""What was measured, as tables for people and as JSON for programs."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from bench.figures import Figure, ratio
from bench.peers import OURS
from bench.report import Scene, bullets, doubts, number, save, stem, table
from bench.tftp.arrangement import Arrangement
from bench.tftp.cases import Case
from bench.tftp.measure import Sample

Samples = Mapping[str, Sequence[Sample]]

_TRANSFERS: Final = (
    "case",
    "cores",
    "server",
    "window",
    "CPU for each GiB (lowest to highest)",
    "rate",
    "client busy",
    "resent, again, gaps",
    "CPU, theirs / ours",
    "rate, ours / theirs",
)
_STORMS: Final = (
    "case",
    "server",
    "window",
    "last one done (lowest to highest)",
    "failed",
    "CPU for each GiB (lowest to highest)",
    "clients busy",
    "resent, again, gaps",
    "CPU, theirs / ours",
    "time, theirs / ours",
)
_LEGEND: Final = (
    "window: what the server granted; where one client asks, a server that grants none is left out",
    "rate: of one client on a core of its own; on one core for both it is nobody's own",
    "client busy: its CPU time, as a share of all the time that passed",
    "a rate in parentheses: the client was busy for over 90 %, so that is its limit, no server's",
    "resent: how often a client waited a second in vain and sent its last packet again",
    "again: blocks that came once more; gaps: ones that came before a missing one; of all rounds",
)
# Above this share the client has no time left to be faster.
_SATURATED: Final = 0.9


@dataclass(frozen=True, slots=True)
class Result:
    """A case, how it was run, and the samples of each server."""

    case: Case
    arrangement: Arrangement
    samples: Samples


_Rows = Callable[[Result], Iterable[tuple[str, ...]]]
_Measure = Callable[[Sequence[Sample]], Figure]


def markdown(scene: Scene, results: Sequence[Result]) -> str:
    """Write the whole report, readable as it is on a terminal too."""
    parts = (
        _preamble(scene),
        _table(_TRANSFERS, _transfer_rows, [one for one in results if not one.case.is_storm]),
        _table(_STORMS, _storm_rows, [one for one in results if one.case.is_storm]),
        bullets(_LEGEND),
        bullets(_failures(results)),
        doubts(_costs(results)),
    )
    return "\n\n".join(filter(None, parts)) + "\n"


def write(folder: Path, scene: Scene, results: Sequence[Result]) -> list[Path]:
    """Write the report and all samples into a folder, under names made of the date.

    Returns:
        The files.
    """
    told = asdict(scene) | {"results": [_told(result) for result in results]}
    return save(folder, f"{stem(scene)}-tftp", told, markdown(scene, results))


def _told(result: Result) -> dict[str, object]:
    return {
        "case": asdict(result.case),
        "cores": result.arrangement.name,
        "samples": {name: list(map(asdict, samples)) for name, samples in result.samples.items()},
    }


def _preamble(scene: Scene) -> str:
    return bullets(
        (
            *scene.facts(),
            f"{scene.network}; UDP on 127.0.0.1",
            f"median of {scene.rounds} rounds, servers in turn",
        )
    )


def _table(header: Sequence[str], rows: _Rows, results: Sequence[Result]) -> str:
    if not results:
        return ""
    return table(header, [row for result in results for row in rows(result)])


def _transfer_rows(result: Result) -> Iterator[tuple[str, ...]]:
    is_apart = result.arrangement.is_apart
    for name, samples in result.samples.items():
        yield (
            result.case.title,
            result.arrangement.name,
            name,
            _windows(samples),
            _range(_cost(samples), "s"),
            _rate_in_words(samples) if is_apart else "",
            _busy(samples) if is_apart else "",
            _disturbances(samples),
            _compared(name, result.samples, _cost),
            _compared(name, result.samples, _pace) if is_apart else "",
        )


def _storm_rows(result: Result) -> Iterator[tuple[str, ...]]:
    for name, samples in result.samples.items():
        yield (
            f"{result.case.title}, {result.case.clients} clients",
            name,
            _windows(samples),
            _range(_duration(samples), "s"),
            str(sum(len(sample.failures) for sample in samples)),
            _range(_cost(samples), "s"),
            _busy(samples),
            _disturbances(samples),
            _compared(name, result.samples, _cost),
            _compared(name, result.samples, _duration),
        )


def _cost(samples: Sequence[Sample]) -> Figure:
    return Figure.of(sample.cpu_s_per_gib for sample in samples)


def _duration(samples: Sequence[Sample]) -> Figure:
    return Figure.of(sample.seconds for sample in samples)


def _pace(samples: Sequence[Sample]) -> Figure:
    """Seconds for each MiB: what is less is better, as with a cost."""
    return Figure.of(1 / sample.mib_per_s for sample in samples)


def _busyness(samples: Sequence[Sample]) -> Figure:
    return Figure.of(sample.client_share for sample in samples)


def _rate_in_words(samples: Sequence[Sample]) -> str:
    rate = f"{number(Figure.of(sample.mib_per_s for sample in samples).median)} MiB/s"
    return f"({rate})" if _busyness(samples).median > _SATURATED else rate


def _busy(samples: Sequence[Sample]) -> str:
    return f"{_busyness(samples).median:.0%}"


def _windows(samples: Sequence[Sample]) -> str:
    return ", ".join(map(str, sorted({window for one in samples for window in one.windows})))


def _disturbances(samples: Sequence[Sample]) -> str:
    sums = (
        sum(one.resent for one in samples),
        sum(one.duplicates for one in samples),
        sum(one.gaps for one in samples),
    )
    return ", ".join(map(str, sums))


def _range(figure: Figure, unit: str) -> str:
    return f"{number(figure.median)} {unit} ({number(figure.low)} to {number(figure.high)})"


def _compared(name: str, samples: Samples, figure: _Measure) -> str:
    if name == OURS or OURS not in samples:
        return ""
    return f"{ratio(figure(samples[name]), figure(samples[OURS])):.2f}"


def _failures(results: Iterable[Result]) -> Iterator[str]:
    for result in results:
        for name, samples in result.samples.items():
            reasons = sorted({why for sample in samples for why in sample.failures})
            if reasons:
                yield f"failures of {result.case.name} with {name}: {'; '.join(reasons)}"


def _costs(results: Iterable[Result]) -> dict[str, Figure]:
    return {
        f"{result.case.name} ({result.arrangement.name}) of {name}": _cost(samples)
        for result in results
        for name, samples in result.samples.items()
    }
