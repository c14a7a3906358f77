"""The numbers in what FATE's tasks record; the forms are those of answers of a real flow."""

from __future__ import annotations

import json
from typing import Any

from flow_replay import FIXTURES

from fatecloud.components.flow.v2.measures import measures_of

JOB = "202611251945082516240"


def numbers(metrics: Any) -> list[tuple[str, str, int | None, float]]:
    return [(one.name, one.of, one.step, one.value) for one in measures_of(metrics, "guest", "9999", "t")]


def recorded(task: str) -> Any:
    runs = json.loads((FIXTURES / "lr.json").read_text())
    return runs[f"GET /v2/output/metric/query {JOB} {task}"][0]["answer"]["data"]


def test_what_a_real_lr_recorded() -> None:
    assert numbers(recorded("evaluation_0")) == [("auc", "lr_0 train_set", None, 0.95703125)]
    assert numbers(recorded("lr_0")) == [
        ("lr_loss", "train", 0, 0.6931471805599453),
        ("lr_loss", "train", 1, 0.6794529062471523),
    ]
    assert numbers(recorded("psi_0")) == [
        ("intersect_count", "intersect_id_count", None, 160),
        ("input_count", "summary", None, 200),
        ("intersect_count", "summary", None, 160),
        ("intersect_rate", "summary", None, 0.8),
    ]


def test_elements_may_be_nested_lists_and_curves_are_left_out() -> None:
    table = {"metric": "ks_table", "val": {"fpr": [0.0, 1.0]}}
    data = {"lr_0": {"train_set": [{"metric": "auc", "val": 0.9}, [{"metric": "ks", "val": 0.8}, table]]}}
    assert numbers([{"data": data, "name": "evaluation", "type": "evaluation"}]) == [
        ("auc", "lr_0 train_set", None, 0.9),
        ("ks", "lr_0 train_set", None, 0.8),
    ]


def test_what_is_not_a_number_is_left_out() -> None:
    metrics: list[Any] = [
        {"name": "a", "data": True},
        {"name": "b", "data": float("nan")},
        {"name": "c", "data": [{"metric": ["x", None, 2], "step": 1}]},
        {"name": "d", "data": "text"},
        {"name": "e"},
    ]
    assert numbers(metrics) == [("c", "", 1, 2.0)]
    deep: Any = 1
    for _ in range(50):
        deep = {"x": deep}
    assert numbers([{"name": "f", "data": deep}]) == []
