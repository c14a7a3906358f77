"""`job metrics` and `job summary`: as a table, as CSV, as documents, and drawn."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

from job_world import JOB, NOW, Flows, flows, refused, row, said, task

from fatecloud.model.jobs import Measure

__all__ = ["flows"]


def an_lr(flows: Flows) -> None:
    """What a real LR of two parties recorded, with the loss at the arbiter."""
    ours, theirs = flows["9999"], flows["10000"]
    ours.rows = [row(JOB, "success", elapsed=65.0)]
    ours.found = [
        task("psi_0", "success", started_at=NOW, elapsed=10.684),
        task("evaluation_0", "success", started_at=NOW, ended_at=NOW + 9),
    ]
    ours.numbers = [
        Measure("evaluation_0", "guest", "9999", "auc", "lr_0 train_set", None, 0.95703125),
        Measure("psi_0", "guest", "9999", "intersect_count", "summary", None, 160.0),
    ]
    theirs.rows = [row(JOB, "success", role="arbiter", party="10000", elapsed=60.0)]
    theirs.found = [task("lr_0", "success", role="arbiter", party="10000", started_at=NOW, elapsed=25.1)]
    theirs.numbers = [
        Measure("lr_0", "arbiter", "10000", "lr_loss", "train", step, value)
        for step, value in enumerate((0.6931471805599453, 0.6794529062471523, 0.65))
    ]


def test_every_number_in_the_order_of_the_tasks(flows: Flows) -> None:
    an_lr(flows)
    lines = [line.split() for line in said(f"metrics {JOB}").splitlines()]
    assert lines[0] == ["TASK", "ROLE", "PARTY", "NAME", "STEP", "VALUE", "OF"]
    assert lines[1] == ["psi_0", "guest", "9999", "intersect_count", "160", "summary"]
    assert lines[2] == ["evaluation_0", "guest", "9999", "auc", "0.957031", "lr_0", "train_set"]
    assert lines[3] == ["lr_0", "arbiter", "10000", "lr_loss", "0", "0.693147", "train"]


def test_csv_has_all_digits_and_no_formula(flows: Flows) -> None:
    an_lr(flows)
    flows["9999"].numbers.append(Measure("psi_0", "guest", "9999", '=HYPERLINK("x")', "a,b", None, -1.5))
    rows = list(csv.DictReader(said(f"metrics {JOB} -o csv").splitlines()))
    assert rows[0] | {"value": "160.0"} == rows[0]
    assert rows[1]["name"] == '\'=HYPERLINK("x")'
    assert (rows[1]["of"], rows[1]["value"]) == ("a,b", "-1.5")
    assert rows[3]["value"] == "0.6931471805599453"


def test_a_summary_has_times_and_the_newest_numbers(flows: Flows) -> None:
    an_lr(flows)
    text = said(f"summary {JOB}")
    assert text.splitlines()[0].startswith(f"{JOB}: success after 1 min 5 s; guest 9999, host 10000")
    assert ["lr_0", "25.1", "s", "arbiter", "10000"] in [line.split() for line in text.splitlines()]
    assert re.search(r"lr_loss +0\.65 +train \(lr_0, arbiter 10000, 3 iterations from 0\.693147\)", text)
    document = json.loads(said(f"summary {JOB} -o json"))
    assert [(one["name"], one["last"], one["steps"]) for one in document["figures"]] == [
        ("intersect_count", 160.0, 1),
        ("auc", 0.95703125, 1),
        ("lr_loss", 0.65, 3),
    ]
    rows = list(csv.DictReader(said(f"summary {JOB} -o csv").splitlines()))
    assert ("psi_0", "seconds", "10.684") in [(one["task"], one["name"], one["value"]) for one in rows]


def test_a_drawing_is_valid_xml_whatever_a_partner_calls_its_numbers(flows: Flows) -> None:
    an_lr(flows)
    flows["10000"].numbers += [
        Measure("lr_0", "arbiter", "10000", "<script>&\x00", "t", step, 1.0) for step in range(2)
    ]
    said(f"metrics {JOB} --plot loss.svg")
    drawing = ET.fromstring(Path("loss.svg").read_text())  # noqa: S314 - our own
    lines = [one for one in drawing.iter() if one.tag.endswith("polyline")]
    assert [len(one.attrib["points"].split()) for one in lines] == [3, 2]
    first, last = (float(point.split(",")[1]) for point in lines[0].attrib["points"].split()[::2])
    assert first < last  # a loss that falls is drawn downwards
    assert "<script>&\\x00" in [one.text for one in drawing.iter()]


def test_nothing_per_iteration_is_not_drawn(flows: Flows) -> None:
    flows["9999"].rows = [row(JOB, "success")]
    assert "recorded nothing per iteration" in refused(f"metrics {JOB} --plot loss.svg").message
    assert not Path("loss.svg").exists()
    assert said(f"metrics {JOB}") == f"the tasks of job {JOB} recorded no numbers\n"
