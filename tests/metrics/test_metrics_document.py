"""docs/metrics.md follows the catalogue."""

from pathlib import Path

import pytest

from filed.metrics import generate
from filed.metrics.catalogue import LAYOUT, PREFIX


def test_the_document_is_fresh() -> None:
    assert generate.main(["--check"]) == 0


def test_every_metric_has_one_row() -> None:
    lines = generate.document().splitlines()
    for metric in (*LAYOUT.metrics, *LAYOUT.computed):
        rows = [line for line in lines if line.startswith(f"| `{PREFIX}{metric.name}` |")]
        assert metric.meaning in rows[0]


@pytest.mark.parametrize("old", ["", "# Metrics\n", None])
def test_a_stale_document_is_named_and_then_written(
    old: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    document = tmp_path / "metrics.md"
    if old is not None:
        document.write_text(old)
    monkeypatch.setattr(generate, "DOCUMENT", document)
    assert generate.main(["--check"]) == 1
    assert str(document) in capsys.readouterr().err
    assert generate.main([]) == 0
    assert generate.main(["--check"]) == 0
