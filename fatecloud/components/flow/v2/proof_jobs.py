"""The jobs of the smoke tests, as data: the toy, an intersection, and one with hetero logistic regression."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fatecloud.components.flow.proof_rows import NAMESPACE, DataRole

TOY_TASK, PSI_TASK, LR_TASK, EVALUATION_TASK = "toy_0", "psi_0", "lr_0", "evaluation_0"
_PARTITIONS, _EPOCHS = 2, 2
"""Small, to be quick. It asks for the party's default cores, so a limit that refuses every job refuses this one too."""


def toy_dag(guest: str, host: str) -> dict[str, Any]:
    """The job of FATE's own connectivity test: both sides exchange an index and compare it."""
    return _schema(
        parties=[_party("guest", guest), _party("host", host)],
        stage="default",
        tasks={TOY_TASK: {"component_ref": "toy_example", "parameters": {"data_num": 1024, "partition": _PARTITIONS}}},
    )


def psi_dag(guest: str, host: str, tables: Mapping[DataRole, str]) -> dict[str, Any]:
    """Reader and intersection on two tables in `NAMESPACE`."""
    data_parties = [_party("guest", guest), _party("host", host)]
    return _schema(
        parties=data_parties,
        stage="train",
        tasks=_intersection(data_parties),
        party_tasks=_tables(guest, host, tables),
    )


def lr_dag(guest: str, host: str, arbiter: str, tables: Mapping[DataRole, str]) -> dict[str, Any]:
    """Reader, intersection, coordinated logistic regression and evaluation on two tables in `NAMESPACE`."""
    data_parties = [_party("guest", guest), _party("host", host)]
    return _schema(
        parties=[*data_parties, _party("arbiter", arbiter)],
        stage="train",
        tasks={
            **_intersection(data_parties),
            LR_TASK: {
                "component_ref": "coordinated_lr",
                "dependent_tasks": [PSI_TASK],
                "parameters": {
                    "epochs": _EPOCHS,
                    "batch_size": None,
                    "early_stop": "weight_diff",
                    "tol": 1e-4,
                    "init_param": {"fit_intercept": True, "method": "zeros"},
                    "optimizer": {"method": "SGD", "optimizer_params": {"lr": 0.1}, "penalty": "l2", "alpha": 0.01},
                    "learning_rate_scheduler": {"method": "constant", "scheduler_params": {"factor": 1.0}},
                },
                "inputs": {"data": {"train_data": _output(PSI_TASK, "output_data", data_parties)}, "model": {}},
            },
            EVALUATION_TASK: {
                "component_ref": "evaluation",
                "dependent_tasks": [LR_TASK],
                "parameters": {"metrics": ["auc"], "default_eval_setting": "binary"},
                "stage": "default",
                "parties": data_parties[:1],
                "inputs": {"data": {"input_datas": _output(LR_TASK, "train_output_data", data_parties[:1])}},
            },
        },
        party_tasks=_tables(guest, host, tables),
    )


def upload_request(role: DataRole, file: str, table: str) -> dict[str, Any]:
    """What `/v2/data/component/upload` takes, for a file of `lr_rows` on flow's node."""
    meta: dict[str, Any] = {"delimiter": ",", "dtype": "float32", "match_id_name": "id"}
    if role == "guest":
        meta |= {"label_name": "y", "label_type": "int32"}
    return {
        "file": file,
        "head": True,
        "partitions": _PARTITIONS,
        "extend_sid": True,
        "meta": meta,
        "namespace": NAMESPACE,
        "name": table,
    }


def _schema(**dag: Any) -> dict[str, Any]:
    return {"dag": {"conf": {"computing_partitions": _PARTITIONS}, **dag}, "schema_version": "2.2.0"}


def _party(role: str, party: str) -> dict[str, Any]:
    return {"role": role, "party_id": [party]}


def _output(task: str, key: str, parties: list[dict[str, Any]]) -> dict[str, Any]:
    source: Any = {"producer_task": task, "output_artifact_key": key, "parties": parties}
    return {"task_output_artifact": [source] if key == "train_output_data" else source}


def _intersection(data_parties: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "reader_0": {"component_ref": "reader", "parameters": {}, "stage": "default", "parties": data_parties},
        PSI_TASK: {
            "component_ref": "psi",
            "dependent_tasks": ["reader_0"],
            "parameters": {},
            "stage": "default",
            "parties": data_parties,
            "inputs": {"data": {"input_data": _output("reader_0", "output_data", data_parties)}},
        },
    }


def _tables(guest: str, host: str, tables: Mapping[DataRole, str]) -> dict[str, Any]:
    return {
        f"guest_{guest}": _reads("guest", guest, tables["guest"]),
        f"host_{host}": _reads("host", host, tables["host"]),
    }


def _reads(role: str, party: str, table: str) -> dict[str, Any]:
    return {
        "parties": [_party(role, party)],
        "tasks": {"reader_0": {"parameters": {"namespace": NAMESPACE, "name": table}}},
    }
