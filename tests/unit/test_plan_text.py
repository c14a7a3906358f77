"""A plan begins with its summary, and shows equal changes once."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO

import pytest

from fatecloud.model.finding import Finding, Report, Subject
from fatecloud.model.forecast import Forecast, Refusal
from fatecloud.model.plan import Action, FileChange, LeftData, Plan, Stage
from fatecloud.report.forecast import forecast_text
from fatecloud.report.look import Look, look_of
from fatecloud.report.plan import plan_text

DIFF = "--- {path} (now)\n+++ {path} (planned)\n@@ -1,2 +1,2 @@\n level: 20\n-cores: 4\n+cores: 8"
COLOURED = Look(color=True)


def change(node: str, path: str, **more: str | bool) -> FileChange:
    values: dict[str, object] = {
        "kind": "change",
        "service": f"9999/flow@{node}",
        "diff": DIFF.format(path=path),
        **more,
    }
    return FileChange(node, path, **values)  # type: ignore[arg-type]


def a_plan(*files: FileChange, left: tuple[LeftData, ...] = ()) -> Plan:
    actions = [Action("configure", c.node, c.service, f"{c.kind} {c.path}") for c in files]
    nodes = dict.fromkeys(c.node for c in files)
    actions += [Action("restart", node, f"9999/flow@{node}", "it runs with an older conf") for node in nodes]
    return Plan("demo", (Stage("stage 1", tuple(actions)),), files, proof=("9999",), left=left)


def test_the_summary_comes_first_and_says_what_is_restarted() -> None:
    lines = plan_text(
        a_plan(change("n1", "/conf"), change("n2", "/conf"), change("n1", "/new", kind="create"))
    ).splitlines()
    assert lines[:3] == [
        "demo: 5 actions on 2 nodes: 3 configure, 2 restart",
        "  files: 2 changed, 1 new",
        "  restart: 9999/flow@n1, 9999/flow@n2",
    ]


def test_files_that_change_alike_are_shown_once_and_actions_only_count_them() -> None:
    plan = a_plan(*(change(f"n{n}", "/conf") for n in range(1, 31)))
    text = plan_text(plan)
    assert text.count("+cores: 8") == 1
    assert "  change  n1, n2, n3, n4, n5, n6 and 24 more: /conf" in text.splitlines()
    assert "configure (1 file); restart (it runs with an older conf)" in text
    assert text.count("/conf") == 1
    assert len(text.splitlines()) < 20
    assert plan_text(plan, full=True).count("+cores: 8") == 30


def test_alike_counts_over_parties_whose_paths_differ_and_not_where_the_change_does() -> None:
    other = DIFF.format(path="/c").replace("cores: 8", "cores: 16")
    text = plan_text(a_plan(change("n1", "/a"), change("n2", "/b"), change("n3", "/c", diff=other)))
    assert "  change  n1:/a, n2:/b" in text.splitlines()
    assert (text.count("+cores: 8"), text.count("+cores: 16")) == (1, 1)


def test_new_files_are_counted_unless_all_are_asked_for() -> None:
    plan = a_plan(*(change("n1", f"/conf/{n}", kind="create", diff="") for n in range(9)))
    assert "  create  9 files for 9999/flow@n1" in plan_text(plan).splitlines()
    assert "/conf/3" not in plan_text(plan)
    assert "/conf/3" in plan_text(plan, full=True)


def test_a_long_difference_is_cut_unless_all_is_asked_for() -> None:
    diff = DIFF.format(path="/conf") + "".join(f"\n+key{n}: 1" for n in range(200))
    plan = a_plan(change("n1", "/conf", diff=diff))
    assert "      ... 164 more lines; --full shows them" in plan_text(plan).splitlines()
    assert "key199" not in plan_text(plan)
    assert "key199" in plan_text(plan, full=True)


def test_an_edit_by_hand_is_shown_beside_what_is_planned() -> None:
    edited = "@@ line 1 @@\n-level: 20\n+level: 10\n! line 7: changed; not shown, because it may hold a secret"
    lines = plan_text(a_plan(change("n1", "/conf", drifted=True, edited=edited))).splitlines()
    assert "  DRIFTED: 1 file was edited by hand, or not deployed by us; see below" in lines
    assert lines.index("      +level: 10") < lines.index(
        "    PLANNED: what was deployed (-) and what the deploy would write (+):"
    )
    assert "      ! line 7: changed; not shown, because it may hold a secret" in lines
    only = plan_text(a_plan(change("n1", "/conf", diff="", drifted=True, edited=edited)))
    assert "PLANNED" not in only
    assert "new value" not in only


def test_differences_have_the_colours_that_diff_has_where_colours_are_welcome() -> None:
    plan = a_plan(change("n1", "/conf"))
    text = plan_text(plan, COLOURED)
    for shown in ("\x1b[31m-cores: 4\x1b[0m", "\x1b[32m+cores: 8\x1b[0m", "\x1b[36m@@ -1,2 +1,2 @@\x1b[0m"):
        assert shown in text
    assert "\x1b" not in plan_text(plan)


@pytest.mark.parametrize(
    ("environment", "welcome"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_no_color_is_respected(environment: dict[str, str], welcome: bool) -> None:  # noqa: FBT001
    class Terminal(StringIO):
        def isatty(self) -> bool:
            return True

    assert look_of(Terminal(), environment).color is welcome
    assert look_of(StringIO(), environment).color is False


def test_what_a_node_wrote_moves_no_cursor() -> None:
    text = plan_text(a_plan(change("n1", "/conf", diff=DIFF.format(path="/conf").replace("cores: 4", "\x1b[2J"))))
    assert "\x1b" not in text
    assert "-\\x1b[2J" in text


REPORT = Report("demo", 0.0, 0.0, 1, (Finding("PREFLIGHT_SWAP", "warning", Subject(node="n1"), "swap"),), ())


def test_refusals_follow_the_first_line_with_the_exit_status_of_a_deploy() -> None:
    refusals = (
        Refusal(
            6,
            "2 problems must be solved first",
            "fatecloud preflight --fix",
            ("CODE  n1: foreign", "CODE  n2: foreign"),
        ),
        Refusal(1, "the store lacks torch", "fatecloud release fetch"),
    )
    forecast = Forecast("demo", a_plan(change("n1", "/conf")), REPORT, refusals)
    lines = forecast_text(forecast, Look()).splitlines()
    assert lines[0].startswith("demo: 2 actions on 1 node")
    assert lines[1:9] == [
        "  REFUSED: fatecloud deploy would stop with exit status 6:",
        "    - 2 problems must be solved first",
        "        CODE  n1: foreign",
        "        CODE  n2: foreign",
        "      fatecloud preflight --fix",
        "    - the store lacks torch",
        "      fatecloud release fetch",
        "  preflight has a warning: fatecloud preflight",
    ]
    assert forecast.exit_status == 6
    assert "\x1b[31;1m  REFUSED" in forecast_text(forecast, COLOURED)


def test_without_a_plan_it_says_so_and_names_every_reason() -> None:
    refusal = Refusal(
        6, "2 problems must be solved first", "", ("NODE_UNREACHABLE  n1: gone", "NODE_TIMEOUT  n2: slow")
    )
    text = forecast_text(Forecast("demo", None, replace(REPORT, findings=()), (refusal,)), Look())
    assert "n1: gone" in text
    assert "n2: slow" in text
    assert text.splitlines()[0] == "demo: no plan, because not everything that it needs could be read"
