import csv
import io

import pytest

from fatecloud.components.flow import proof_rows
from fatecloud.components.flow.v2 import proof_jobs as proof


def table(role: proof_rows.DataRole, n: int = 200, seed: int = 1) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(proof_rows.lr_rows(role, n, seed))))


def test_the_rows_are_the_same_every_time_and_others_for_another_seed() -> None:
    assert proof_rows.lr_rows("guest", 50, 3) == proof_rows.lr_rows("guest", 50, 3)
    assert proof_rows.lr_rows("guest", 50, 3) != proof_rows.lr_rows("guest", 50, 4)


def test_exactly_the_promised_keys_are_shared() -> None:
    guest, host = table("guest"), table("host")
    assert len(guest) == len(host) == 200
    shared = {row["id"] for row in guest} & {row["id"] for row in host}
    assert len(shared) == proof_rows.shared_rows(200) == 160


def test_only_the_guest_has_labels_and_both_kinds() -> None:
    assert "y" not in table("host")[0]
    ones = sum(row["y"] == "1" for row in table("guest"))
    assert 60 < ones < 140


def test_the_label_is_learned_from_both_sides_together_better_than_from_one() -> None:
    """The sum that makes the label, computed from the columns that each side got."""
    host = {row["id"]: row for row in table("host")}
    hits: dict[str, int] = {"both": 0, "guest": 0}
    for row in table("guest"):
        if row["id"] not in host:
            continue
        sides = [
            sum(float(value) * (-1) ** int(name[1:]) for name, value in columns.items() if name.startswith("x"))
            for columns in (row, host[row["id"]])
        ]
        hits["both"] += (sum(sides) > 0) == (row["y"] == "1")
        hits["guest"] += (sides[0] > 0) == (row["y"] == "1")
    assert hits["both"] > 0.9 * 160
    assert hits["guest"] < hits["both"] - 10


def test_the_upload_says_what_is_label_and_key() -> None:
    assert proof.upload_request("guest", "/d/a.csv", "t")["meta"]["label_name"] == "y"
    host = proof.upload_request("host", "/d/a.csv", "t")
    assert "label_name" not in host["meta"]
    assert (host["namespace"], host["name"], host["file"]) == (proof_rows.NAMESPACE, "t", "/d/a.csv")


@pytest.mark.parametrize("arbiter", ["10000", "9999"])
def test_each_side_of_the_lr_reads_its_own_table(arbiter: str) -> None:
    dag = proof.lr_dag("9999", "10000", arbiter, {"guest": "g", "host": "h"})["dag"]
    read = {party: spec["tasks"]["reader_0"]["parameters"]["name"] for party, spec in dag["party_tasks"].items()}
    assert read == {"guest_9999": "g", "host_10000": "h"}
    assert {(party["role"], *party["party_id"]) for party in dag["parties"]} == {
        ("guest", "9999"),
        ("host", "10000"),
        ("arbiter", arbiter),
    }
    assert [party["role"] for party in dag["tasks"]["evaluation_0"]["parties"]] == ["guest"]


def test_every_input_names_a_task_that_exists() -> None:
    tasks = proof.lr_dag("1", "2", "2", {"guest": "g", "host": "h"})["dag"]["tasks"]
    for task in tasks.values():
        for channel in task.get("inputs", {}).get("data", {}).values():
            sources = channel["task_output_artifact"]
            for source in sources if isinstance(sources, list) else [sources]:
                assert source["producer_task"] in tasks
                assert source["producer_task"] in task["dependent_tasks"]


def test_a_job_asks_for_as_many_cores_as_any_job_of_the_party() -> None:
    for dag in (proof.toy_dag("1", "2"), proof.lr_dag("1", "2", "2", {"guest": "g", "host": "h"})):
        assert "cores" not in repr(dag), "a limit that refuses every job of a party has to refuse this one too"
