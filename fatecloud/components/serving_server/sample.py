"""A model of ours, small and whole, with which a pair of parties is tried: each has its part, and both make the score.

It is written as FATE-Flow writes the models that Serving loads: a name for each part of a component, and a message of
protocol buffers, in base64. Numbers of fields are those of `proto/` in FATE-Serving.
"""

from __future__ import annotations

import base64
import json
import math
import struct
from collections.abc import Mapping

from fatecloud.probing.grpc.wire import field

VERSION = "202001010000000000001"
SERVICE = "fatecloud-smoke"
GUEST_FEATURES = {"fc_g0": 0.25, "fc_g1": -1.5}
HOST_FEATURES = {"fc_h0": 0.75, "fc_h1": -0.5}
_WEIGHTS = {"guest": {"fc_g0": 0.8, "fc_g1": -0.2}, "host": {"fc_h0": -1.25, "fc_h1": 0.5}}
_INTERCEPT = {"guest": 0.1, "host": 0.0}
_FIXED64 = 1


def model_id(guest: str, host: str) -> str:
    """The model's id, which names its parties."""
    return f"guest-{guest}#host-{host}#fatecloud"


def namespace(role: str, party: str, guest: str, host: str) -> str:
    """The id of one party's part."""
    return f"{role}#{party}#{model_id(guest, host)}"


def score(*, with_host: bool = True) -> float:
    """What a request with the features of both parties is worth; without the host's part, another number."""
    parts = {"guest": GUEST_FEATURES, **({"host": HOST_FEATURES} if with_host else {})}
    whole = sum(
        _INTERCEPT[role] + sum(_WEIGHTS[role][k] * v for k, v in found.items()) for role, found in parts.items()
    )
    return 1 / (1 + math.exp(-whole))


def file_name(role: str, party: str, guest: str, host: str) -> str:
    """The name by which a server keeps the file."""
    return f"model_{VERSION}_{namespace(role, party, guest, host)}_cache"


def model(role: str, guest: str, host: str) -> bytes:
    """The content of the file of one role."""
    weights = _WEIGHTS[role]
    parts = {
        "dataio_0.dataio:DataIOMeta": _data_meta(),
        "dataio_0.dataio:DataIOParam": b"".join(field(1, name) for name in sorted(weights)),
        "hetero_lr_0.model:HeteroLogisticRegressionMeta": field(1, "L2") + field(4, "sgd") + field(9, "diff"),
        "hetero_lr_0.model:HeteroLogisticRegressionParam": _regression(weights, _INTERCEPT[role]),
        "pipeline.pipeline:Pipeline": _pipeline(role, guest, host),
    }
    return json.dumps({name: base64.b64encode(part).decode() for name, part in parts.items()}).encode()


def _data_meta() -> bytes:
    texts = ((1, "dense"), (2, ","), (3, "float64"), (9, "dense"))
    return b"".join(field(number, text) for number, text in texts) + field(12, value=True)


def _regression(weights: Mapping[str, float], intercept: float) -> bytes:
    entries = (field(1, name) + _double(2, weight) for name, weight in sorted(weights.items()))
    return field(1, 1) + b"".join(field(4, entry) for entry in entries) + _double(5, intercept)


def _double(number: int, value: float) -> bytes:
    return bytes([number << 3 | _FIXED64]) + struct.pack("<d", value)


def _pipeline(role: str, guest: str, host: str) -> bytes:
    regression = f"federatedml/linear_model/logistic_regression/hetero_{role}.py/HeteroLR{role.capitalize()}"
    components = {
        "dataio_0": {
            "module": "DataIO",
            "input": {"data": {"data": ["args.eval_data"]}},
            "output": {"data": ["train"]},
            "CodePath": "federatedml/util/data_io.py/DataIO",
        },
        "hetero_lr_0": {
            "module": "HeteroLR",
            "input": {"data": {"eval_data": ["dataio_0.train"]}},
            "output": {"data": ["train"]},
            "CodePath": regression,
        },
    }
    parties = {"guest": [int(guest)], "host": [int(host)]}
    conf = {
        "initiator": {"role": "guest", "party_id": int(guest)},
        "job_parameters": {"model_id": model_id(guest, host), "model_version": VERSION},
        "role": parties,
        "role_parameters": {},
    }
    texts = ({"components": components}, {"components": components}, conf)
    return b"".join(field(number, json.dumps(text)) for number, text in enumerate(texts, start=1))
