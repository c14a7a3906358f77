"""What a smoke test took, beside earlier ones."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from fatecloud.errors import RunError
from fatecloud.model.proof import ProofResult
from fatecloud.model.timing import Usual, slower, usual_of
from fatecloud.state.timings import KEPT, keep_timing, timings_of
from fatecloud.workflow.prove import result_document, result_text

LR = ProofResult("lr", "1", "9999", "10000", (), {"lr_0": 60.0, "whole": 120.0}, {}, ("success",), ())


def test_a_series_keeps_its_newest_and_knows_no_others(tmp_path: Path) -> None:
    assert timings_of(tmp_path, "lr") == []
    keep_timing(tmp_path, "toy", 0, {"whole": 7.04})
    for number in range(KEPT + 3):
        keep_timing(tmp_path, "lr", number, {"whole": number})
    assert [one["whole"] for one in timings_of(tmp_path, "lr")] == list(range(3, KEPT + 3))
    assert timings_of(tmp_path, "toy") == [{"whole": 7.0}]


def test_a_row_that_cannot_be_read_costs_only_itself(tmp_path: Path) -> None:
    keep_timing(tmp_path, "lr", 0, {"whole": 1.0})
    with sqlite3.connect(tmp_path / "state.db") as base:
        base.execute("insert into timings values ('lr', 0, '[1]'), ('lr', 0, '{')")
    assert timings_of(tmp_path, "lr") == [{"whole": 1.0}]


def test_a_history_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "state.db").write_text("no database, and long enough to be looked at as one" * 9)
    with pytest.raises(RunError, match="cannot be read"):
        timings_of(tmp_path, "lr")


def test_usual_is_the_median_of_those_that_had_the_phase() -> None:
    assert usual_of([{"whole": 10.0}, {"whole": 90.0, "lr_0": 4.0}, {"whole": 12.0}]) == Usual(
        3, {"whole": 12.0, "lr_0": 4.0}
    )
    assert usual_of([]) == Usual(0, {})


@pytest.mark.parametrize(
    ("took", "usual", "named"),
    [
        (90.0, Usual(3, {"whole": 50.0}), ("whole",)),
        (70.0, Usual(3, {"whole": 50.0}), ()),
        (8.0, Usual(3, {"whole": 4.0}), ()),
        (90.0, Usual(2, {"whole": 50.0}), ()),
        (90.0, Usual(3, {"lr_0": 50.0}), ()),
    ],
    ids=["much longer", "a little longer", "a few seconds", "too few", "another phase"],
)
def test_what_took_notably_longer_is_named(took: float, usual: Usual, named: tuple[str, ...]) -> None:
    assert slower({"whole": took}, usual) == named


def test_the_result_names_what_is_usual() -> None:
    assert result_text(LR) == "success"
    calm = replace(LR, usual=Usual(1, {"lr_0": 55.0, "whole": 110.0}))
    assert result_text(calm).splitlines()[-1] == "  usually 110 s in all (median of 1 earlier test)"
    late = replace(LR, usual=Usual(4, {"lr_0": 10.0, "whole": 70.0}), left=("a table",))
    assert result_text(late).splitlines()[1:] == [
        "  slower than usual: whole 120 s, usually 70 s, lr_0 60 s, usually 10 s (median of 4 earlier tests)",
        "  could not remove: a table",
    ]
    document = result_document(late)
    assert (document["usual"], document["earlier"]) == ({"lr_0": 10.0, "whole": 70.0}, 4)
