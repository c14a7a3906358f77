"""A logistic regression that two parties of FATE 1.x train as their people would, over flow's API on its node.

Its features have the names of those that the sample of FATE-Serving gives, so that a request can be scored with it.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from typing import Any

from rolling import Rolling
from two_parties import PARTIES, A, B, home
from waiting import wait_until

from fatecloud.components.flow.v1 import proof_jobs
from fatecloud.components.script import script_text
from fatecloud.components.serving_server import sample

TABLE, NAMESPACE = "people", "trained"
FEATURES: Mapping[str, Mapping[str, float]] = {"guest": sample.GUEST_FEATURES, "host": sample.HOST_FEATURES}
ROLES = {"guest": A, "host": B}
PORT = 9380
_ROWS = 200
_SEED = 7


def lr(site: Rolling, *, oldest: bool) -> str:
    """Upload both sides, and train. Returns the id of the job."""
    for role, node in ROLES.items():
        file = f"{home(site.program)}/incoming/{role}.csv"
        site.nodes.write(node, file, _rows(role).encode(), mode=0o644)
        site.nodes.check(node, ["chmod", "755", file.rpartition("/")[0]])
        finished(site, node, asked(site, node, "/v1/data/upload", _upload(file, oldest=oldest))["jobId"])
    job = asked(site, A, "/v1/job/submit", _old_job() if oldest else _job())["jobId"]
    finished(site, A, job)
    return str(job)


def asked(site: Rolling, node: str, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Flow's answer of success."""
    # Flow 1.4 listens at the address of its node, and 1.11 on loopback where its whole party is on one.
    bound = site.nodes.check(node, ["ss", "-ltnH", f"sport = :{PORT}"]).split()[3]
    url = f"http://{bound}{path}"
    site.nodes.write(node, "/srv/exchange.py", script_text("flow", "v1/http_exchange.py").encode())
    ask = 'printf %s "$1" | python3 /srv/exchange.py'
    request = json.dumps({"method": "POST", "url": url, "body": body, "timeout": 120})
    answer = json.loads(site.nodes.check(node, ["sh", "-c", ask, "sh", request], timeout=180))
    assert answer.get("body", {}).get("retcode") == 0, answer
    return dict(answer["body"])


def finished(site: Rolling, node: str, job: str) -> None:
    """Wait until a job is a success."""

    def status() -> str:
        return str(asked(site, node, "/v1/job/query", {"job_id": job})["data"][0]["f_status"])

    wait_until(lambda: status() not in ("waiting", "running", "ready"), 1200)
    assert status() in ("success", "complete"), site.program.run("job", "show", job).out


def _rows(role: str) -> str:
    """The same people at both sides; the label depends on the features of both."""
    people = random.Random(_SEED)  # noqa: S311 (made-up data)
    lines = [",".join(["id", *(["y"] if role == "guest" else []), *FEATURES[role]])]
    for number in range(_ROWS):
        values = {side: [people.gauss(0, 1) for _ in names] for side, names in FEATURES.items()}
        label = int(values["guest"][0] - values["guest"][1] - values["host"][0] + values["host"][1] > 0)
        own = [f"{value:.4f}" for value in values[role]]
        lines.append(",".join([f"p{number}", *([str(label)] if role == "guest" else []), *own]))
    return "\n".join(lines) + "\n"


def _upload(file: str, *, oldest: bool) -> dict[str, Any]:
    work_mode = {"work_mode": 1} if oldest else {}
    return {**proof_jobs.upload_request("guest", file, TABLE), "namespace": NAMESPACE, **work_mode}


def _job() -> dict[str, Any]:
    guest, host = (PARTIES[node] for node in ROLES.values())
    job = proof_jobs.lr_job(guest, host, host, {"guest": TABLE, "host": TABLE})
    for side in job["job_runtime_conf"]["component_parameters"]["role"].values():
        side["0"][proof_jobs.READER_TASK]["table"]["namespace"] = NAMESPACE
    return job


def _old_job() -> dict[str, Any]:
    """The same for FATE 1.4: version 1 of the DSL, and DataIO in the place of DataTransform."""
    guest, host = (int(PARTIES[node]) for node in ROLES.values())
    made = {"data": ["train"], "model": ["model"]}
    components = {
        "dataio_0": {"module": "DataIO", "input": {"data": {"data": ["args.train_data"]}}, "output": made},
        "intersection_0": {
            "module": "Intersection",
            "input": {"data": {"data": ["dataio_0.train"]}},
            "output": {"data": ["train"]},
        },
        "hetero_lr_0": {
            "module": "HeteroLR",
            "input": {"data": {"train_data": ["intersection_0.train"]}},
            "output": made,
        },
    }
    table = {"args": {"data": {"train_data": [{"name": TABLE, "namespace": NAMESPACE}]}}}
    label = {"with_label": [True], "label_name": ["y"], "label_type": ["int"], "output_format": ["dense"]}
    plain = {"with_label": [False], "output_format": ["dense"]}
    common = _job()["job_runtime_conf"]["component_parameters"]["common"][proof_jobs.LR_TASK]
    return {
        "job_dsl": {"components": {name: {**one, "need_deploy": True} for name, one in components.items()}},
        "job_runtime_conf": {
            "initiator": {"role": "guest", "party_id": guest},
            "job_parameters": {"work_mode": 1},
            "role": {"guest": [guest], "host": [host], "arbiter": [host]},
            "role_parameters": {"guest": {**table, "dataio_0": label}, "host": {**table, "dataio_0": plain}},
            "algorithm_parameters": {"hetero_lr_0": common},
        },
    }
