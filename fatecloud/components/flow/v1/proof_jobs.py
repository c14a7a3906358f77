"""The jobs of the smoke tests, as data: the toy, an intersection, and one with hetero logistic regression.

Their form is version 2 of FATE 1.x's DSL; flow 1.x takes ids of parties as numbers alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fatecloud.components.flow.proof_rows import NAMESPACE, DataRole

TOY_TASK = "secure_add_example_0"
READER_TASK, TRANSFORM_TASK = "reader_0", "data_transform_0"
PSI_TASK, LR_TASK, EVALUATION_TASK = "intersection_0", "hetero_lr_0", "evaluation_0"
_PARTITIONS, _NUMBERS, _EPOCHS = 2, 1000, 2
"""Small, to be quick. Jobs ask for the party's default cores, so a limit that refuses every job refuses these too."""
_KEY_BITS = 1024
"""Of upstream's own examples."""


def toy_job(guest: str, host: str) -> dict[str, Any]:
    """The job of FATE's own connectivity test: both sides add up random numbers without showing them."""
    return _job(
        {TOY_TASK: {"module": "SecureAddExample"}},
        {"guest": guest, "host": host},
        {TOY_TASK: {"partition": _PARTITIONS, "data_num": _NUMBERS}},
        {role: {TOY_TASK: {"seed": seed}} for role, seed in {"guest": 123, "host": 321}.items()},
    )


def psi_job(guest: str, host: str, tables: Mapping[DataRole, str]) -> dict[str, Any]:
    """Reader, transformation and intersection on two tables in `NAMESPACE`."""
    return _job(_until_intersection(), {"guest": guest, "host": host}, _PARAMETERS, _sides(tables))


def lr_job(guest: str, host: str, arbiter: str, tables: Mapping[DataRole, str]) -> dict[str, Any]:
    """The same, then logistic regression and evaluation."""
    components = {
        **_until_intersection(),
        LR_TASK: _component("HeteroLR", train_data=PSI_TASK),
        EVALUATION_TASK: _component("Evaluation", data=LR_TASK),
    }
    parameters = {
        **_PARAMETERS,
        LR_TASK: {
            "penalty": "L2",
            "alpha": 0.01,
            "tol": 1e-4,
            "optimizer": "sgd",
            "learning_rate": 0.1,
            "batch_size": -1,
            "max_iter": _EPOCHS,
            "early_stop": "weight_diff",
            "init_param": {"init_method": "zeros"},
            "encrypt_param": {"key_length": _KEY_BITS},
        },
        EVALUATION_TASK: {"eval_type": "binary", "metrics": ["auc"]},
    }
    return _job(components, {"guest": guest, "host": host, "arbiter": arbiter}, parameters, _sides(tables))


def upload_request(role: DataRole, file: str, table: str) -> dict[str, Any]:
    """What `/v1/data/upload` takes, for a file of `lr_rows` on flow's node."""
    del role  # What is a label, the job says.
    return {
        "file": file,
        # Otherwise it wants the file's content in the request.
        "use_local_data": 0,
        "head": 1,
        "id_delimiter": ",",
        "partition": _PARTITIONS,
        "namespace": NAMESPACE,
        "table_name": table,
    }


_PARAMETERS: Mapping[str, Mapping[str, Any]] = {
    TRANSFORM_TASK: {"output_format": "dense"},
    PSI_TASK: {
        "intersect_method": "rsa",
        "rsa_params": {"hash_method": "sha256", "final_hash_method": "sha256", "key_length": _KEY_BITS},
    },
}


def _until_intersection() -> dict[str, Any]:
    return {
        READER_TASK: _component("Reader"),
        TRANSFORM_TASK: _component("DataTransform", data=READER_TASK),
        PSI_TASK: _component("Intersection", data=TRANSFORM_TASK),
    }


def _component(module: str, **inputs: str) -> dict[str, Any]:
    """A component that reads the data of others; those that make a model have to name it."""
    component: dict[str, Any] = {"module": module, "output": {"data": ["data"]}}
    if inputs:
        component["input"] = {"data": {name: [f"{task}.data"] for name, task in inputs.items()}}
    if module in ("DataTransform", "HeteroLR"):
        component["output"]["model"] = ["model"]
    return component


def _sides(tables: Mapping[DataRole, str]) -> dict[str, dict[str, Any]]:
    label = {"with_label": True, "label_name": "y", "label_type": "int"}
    own: Mapping[DataRole, Mapping[str, Any]] = {"guest": label, "host": {"with_label": False}}
    return {
        role: {READER_TASK: {"table": {"name": table, "namespace": NAMESPACE}}, TRANSFORM_TASK: dict(own[role])}
        for role, table in tables.items()
    }


def _job(
    components: Mapping[str, Any],
    parties: Mapping[str, str],
    common: Mapping[str, Any],
    sides: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    return {
        "job_dsl": {"components": components},
        "job_runtime_conf": {
            "dsl_version": 2,
            "initiator": {"role": "guest", "party_id": int(parties["guest"])},
            "role": {role: [int(party)] for role, party in parties.items()},
            "job_parameters": {"common": {}},
            "component_parameters": {
                "common": common,
                "role": {role: {"0": parameters} for role, parameters in sides.items()},
            },
        },
    }
