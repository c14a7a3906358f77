"""What a model says of itself: its pipeline is one of its files. Numbers of fields as in FATE's `pipeline.proto`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from fatecloud.errors import ModelRefused
from fatecloud.model.serving import GUEST, HOST
from fatecloud.model.trained import ModelPart, Reason
from fatecloud.plain import plain_word
from fatecloud.probing.grpc.wire import fields

PIPELINE = "pipeline.pipeline:Pipeline"
_INFERENCE, _CONF, _MODEL, _VERSION = 1, 3, 5, 6
_ENDINGS = {GUEST: "Host", HOST: "Guest"}
"""How the name of a class ends that is of the other role."""


def judge(part: ModelPart, files: Mapping[str, bytes]) -> tuple[str, ...]:
    """The components by which a server scores requests; see `model.trained.ModelSource.judge`."""
    if PIPELINE not in files:
        raise ModelRefused(Reason.CONTENT, f"the part of {part} has no pipeline")
    try:
        pipeline = fields(files[PIPELINE])
        conf, inference = _object(pipeline, _CONF), _object(pipeline, _INFERENCE)
        components = dict(inference.get("components") or {})
        _same(part, pipeline, conf)
        lines = tuple(_lines(part, components, files))
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
        raise ModelRefused(Reason.CONTENT, f"the pipeline of {part} cannot be read: {error}") from None
    if not lines:
        raise ModelRefused(
            Reason.CONTENT,
            f"the part of {part} has nothing to score a request with: the model was not deployed",
            remedy="fatecloud carries what `flow model deploy` has made: use the version that it prints",
        )
    return lines


def _same(part: ModelPart, pipeline: Mapping[int, list[Any]], conf: Mapping[str, Any]) -> None:
    """It is of the model, the version and the party that it is given out for."""
    said = conf.get("job_parameters") or {}
    # A deployment has a version of its own, and keeps the settings of the job that trained the model.
    model = _text(pipeline, _MODEL) or str(said.get("model_id") or part.model)
    version = _text(pipeline, _VERSION) or str(said.get("model_version") or part.version)
    if model != part.model:
        raise ModelRefused(Reason.MODEL, f"the part of {part} is of model {plain_word(model)}, not {part.model}")
    if version != part.version:
        raise ModelRefused(
            Reason.VERSION, f"the part of {part} is of version {plain_word(version)}, not {part.version}"
        )
    parties = {str(role): [str(party) for party in found] for role, found in (conf.get("role") or {}).items()}
    if parties and part.party not in parties.get(part.role, []):
        names = ", ".join(f"{role} {' '.join(found)}" for role, found in sorted(parties.items()))
        raise ModelRefused(Reason.PARTY, f"a part of {part} is not of this model, which is of {plain_word(names)}")


def _lines(part: ModelPart, components: Mapping[str, Any], files: Mapping[str, bytes]) -> Iterator[str]:
    for name, component in sorted(components.items()):
        kind = str(component.get("CodePath") or component["module"]).rpartition("/")[2]
        if kind.endswith(_ENDINGS.get(part.role, " ")):
            raise ModelRefused(Reason.ROLE, f"the part of {part} has {plain_word(kind)}, which is of the other role")
        has = any(file.startswith(f"{name}.") for file in files)
        yield f"{name} {kind}" if has else f"{name} {kind} without files"


def _object(pipeline: Mapping[int, list[Any]], number: int) -> dict[str, Any]:
    text = _text(pipeline, number)
    found = json.loads(text) if text else {}
    return dict(found)


def _text(message: Mapping[int, list[Any]], number: int) -> str:
    octets: bytes = message.get(number, [b""])[0]
    return octets.decode()
