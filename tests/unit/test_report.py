"""The report as people and as programs read it."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import Any

import jsonschema
import pytest

from fatecloud.model.finding import Finding, Report, Skipped, Subject
from fatecloud.model.remedy import CHECK, Edit, Run
from fatecloud.report.codes import codes_list
from fatecloud.report.document import report_document
from fatecloud.report.envelope import document_text
from fatecloud.report.kind_schema import output_schema
from fatecloud.report.look import Look, look_of
from fatecloud.report.table import table
from fatecloud.workflow.explain import codes

SCHEMA = output_schema()
STORE, ENGINE = Subject("9999", "a2", "9999/store@a2"), Subject("9999", "a1", "9999/engine@a1")
ROOT = Finding(
    "SERVICE_STOPPED",
    "critical",
    STORE,
    "it is stopped",
    cause="it was stopped by hand, or it ended by itself without an error",
    remedy=(Run("fatecloud start 9999/store@a2"), CHECK),
    expected="running",
    got="stopped",
    evidence=("store.log: [ERROR] shutdown \x1b[31m requested", "store.log: [ERROR] bye"),
    source="fact services",
)
DEPENDANT = Finding("X_DATABASE", "critical", ENGINE, "the database refuses", caused_by=(ROOT.id,))
FAR = Finding("X_UPSTREAM", "critical", Subject("9999", "a1", "9999/front@a1"), "no engine", caused_by=(DEPENDANT.id,))
WARNING = Finding("SERVICE_DISABLED", "warning", ENGINE, "it would not come back after a reboot")
REPORT = Report(
    "demo",
    1_800_000_000.0,
    1.25,
    41,
    (ROOT, WARNING, DEPENDANT, FAR),
    (Skipped("engine_routes", ENGINE, "SERVICE_STOPPED"), Skipped("engine_jobs", ENGINE, "SERVICE_STOPPED")),
    ("9999/front@a1",),
)
EMPTY = Report("demo", 1_800_000_000.0, 0.5, 12, (), ())

EXPECTED = """\
CRITICAL  SERVICE_STOPPED  9999/store@a2
              it is stopped
  expected    running; got stopped
  because     it was stopped by hand, or it ended by itself without an error
  seen        store.log: [ERROR] shutdown requested
              store.log: [ERROR] bye
  do          fatecloud start 9999/store@a2
              fatecloud check
  more        fatecloud explain SERVICE_STOPPED
  ` explains X_DATABASE  9999/engine@a1: the database refuses
    ` explains X_UPSTREAM  9999/front@a1: no engine

WARNING   SERVICE_DISABLED  9999/engine@a1
              it would not come back after a reboot
  more        fatecloud explain SERVICE_DISABLED

not judged while SERVICE_STOPPED: 9999/engine@a1
settling after a start by fatecloud: 9999/front@a1
demo: 3 critical, 1 warning (2 root causes); 41 checks passed, 2 skipped; read in 1.2 s at 2027-01-15 08:00:00 UTC"""


def test_the_table_leads_with_root_causes_and_shows_what_they_explain() -> None:
    assert table(REPORT, Look(width=120)) == EXPECTED


def test_a_healthy_cluster_takes_one_line() -> None:
    assert table(EMPTY, Look()) == "demo: healthy; 12 checks passed; read in 0.5 s at 2027-01-15 08:00:00 UTC"


def test_a_check_of_nothing_is_reported() -> None:
    assert "nothing was checked" in table(replace(EMPTY, passed=0), Look())


def test_a_finding_with_two_causes_is_shown_once_and_the_other_cause_points_to_it() -> None:
    other = replace(ROOT, subject=Subject("9999", "a3", "9999/store@a3"))
    both = replace(DEPENDANT, caused_by=(ROOT.id, other.id))
    text = table(replace(REPORT, findings=(ROOT, other, both)), Look())
    assert text.count("the database refuses") == 1
    assert text.count("also explained by this, see above") == 1


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_prose_keeps_within_the_width_and_commands_stay_whole(width: int) -> None:
    long = replace(ROOT, symptom="word " * 60, remedy=(Run("fatecloud " + "--option value " * 20),))
    lines = table(replace(REPORT, findings=(long,)), Look(width=width)).splitlines()
    command = [line for line in lines if "--option" in line or "fatecloud explain" in line]
    assert len(command) == 2
    assert all(len(line) <= width for line in lines if line not in command)
    assert " ".join(table(replace(REPORT, findings=(long,)), Look()).split()) == " ".join(" ".join(lines).split())


def test_without_unicode_and_colour_the_output_is_plain_ascii() -> None:
    odd = replace(ROOT, symptom="el nodo está caído")
    text = table(replace(REPORT, findings=(odd,)), Look())
    assert text.isascii()
    assert "\x1b" not in text
    assert "está" in table(replace(REPORT, findings=(odd,)), Look(unicode=True))


def test_colour_marks_severity_only_and_never_lets_a_log_line_drive_the_terminal() -> None:
    text = table(REPORT, Look(width=120, color=True, unicode=True))
    assert "\x1b[31;1mCRITICAL\x1b[0m" in text
    assert text.count("\x1b[") == 4


class Screen(io.StringIO):
    encoding = "UTF-8"

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("environment", "color"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)],
)
def test_colour_follows_the_terminal_and_no_color(environment: dict[str, str], color: bool) -> None:  # noqa: FBT001
    assert look_of(Screen(), environment).color is color
    assert not look_of(io.StringIO(), environment).color


def test_the_terminals_encoding_decides_about_unicode() -> None:
    assert look_of(Screen(), {}).unicode
    assert not look_of(io.TextIOWrapper(io.BytesIO(), encoding="ascii"), {}).unicode


@pytest.mark.parametrize("report", [REPORT, EMPTY, replace(EMPTY, passed=0)], ids=["sick", "healthy", "empty"])
def test_json_obeys_its_published_schema(report: Report) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    document = json.loads(document_text("CheckReport", report_document(report), "json"))
    jsonschema.validate(document, SCHEMA)
    assert document["exit_status"] == report.exit_status
    assert [f["id"] for f in document["findings"]] == [f.id for f in report.findings]


@pytest.mark.parametrize("broken", [{"severity": "fatal"}, {"code": "lower"}, {"caused_by": "x"}, {"surplus": 1}])
def test_the_schema_refuses_what_the_report_never_says(broken: dict[str, Any]) -> None:
    document = json.loads(document_text("CheckReport", report_document(REPORT), "json"))
    document["findings"][0] |= broken
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, SCHEMA)


@pytest.mark.parametrize(
    ("severities", "passed", "status"),
    [
        ((), 1, 0),
        ((), 0, 3),
        (("warning",), 1, 1),
        (("warning", "unknown"), 1, 3),
        (("warning", "unknown", "critical"), 0, 2),
    ],
)
def test_the_exit_status_is_the_same_for_every_format(severities: tuple[Any, ...], passed: int, status: int) -> None:
    findings = tuple(replace(WARNING, severity=severity) for severity in severities)
    report = Report("demo", 0.0, 0.0, passed, findings, ())
    assert report.exit_status == status
    assert table(report, Look())


EXPOSED = replace(
    EMPTY, exposures=(Finding("EXPOSURE_X", "exposure", ENGINE, "it is open", remedy=(Edit("close it"),)),)
)


def test_exposures_change_neither_status_nor_counts() -> None:
    document = json.loads(document_text("CheckReport", report_document(EXPOSED), "json"))
    jsonschema.validate(document, SCHEMA)
    assert (document["status"], document["exit_status"], document["findings"]) == ("healthy", 0, [])
    assert [exposure["id"] for exposure in document["exposures"]] == [f"EXPOSURE_X@{ENGINE}"]
    assert not {"exposure", "exposures"} & document["summary"].keys()


def test_exposures_are_counted_and_shown_in_full_when_asked_for() -> None:
    short, full = table(EXPOSED, Look()), table(EXPOSED, Look(), exposures=True)
    assert short.splitlines()[0] == "1 exposure of this release and inventory: fatecloud check --exposures"
    assert full.splitlines()[:3] == [
        f"EXPOSURE  EXPOSURE_X  {ENGINE}",
        "              it is open",
        "  do          in the inventory: close it",
    ]
    assert short.splitlines()[-1] == full.splitlines()[-1] == table(EMPTY, Look())


def test_the_list_of_codes_has_one_line_each() -> None:
    lines = codes_list(codes(), 200).splitlines()
    assert len(lines) == len(codes())
    assert all(line.split()[1] in ("warning", "critical", "unknown", "exposure") for line in lines)
    assert lines == sorted(lines)
