"""What was observed, as a file: every bug report can be replayed elsewhere, and every replay is a fixture."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from fatecloud.errors import InputError
from fatecloud.model.observed import Fact, NodeFacts, Observed, ProbeAnswer, Unreachable
from fatecloud.model.remedy import remedy_of
from fatecloud.model.samples import Sample

SCHEMA = "fatecloud/observed/v1"


def observed_to_json(observed: Observed) -> str:
    """The text of a facts file; secrets must have been taken out, see `redacted`."""
    return json.dumps({"schema": SCHEMA, **asdict(observed)}, indent=1, sort_keys=True) + "\n"


def redacted(observed: Observed, redact: Callable[[str], str]) -> Observed:
    """The same without secrets: command lines, log lines and probe answers may hold some.

    Args:
        observed: what was read.
        redact: takes secrets out of one string; it is applied to every string, keys too.
    """
    return _observed(_redacted(asdict(observed), redact))


def observed_from_json(text: str, name: str) -> Observed:
    """Read a facts file.

    Args:
        text: its content.
        name: its name, for messages.

    Raises:
        InputError: it is not a facts file, or one of another version.
    """
    try:
        document = json.loads(text)
        if document["schema"] != SCHEMA:
            raise InputError(f"{name}: this is {document['schema']!r}, not {SCHEMA!r}")
        return _observed(document)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{name}: not a facts file ({type(error).__name__}: {error})",
            remedy="make one: fatecloud check --save-facts FILE",
        ) from None


def _observed(document: Mapping[str, Any]) -> Observed:
    nodes = {node: _node(entry) for node, entry in document["nodes"].items()}
    history = {
        subject: {name: tuple(Sample(**sample) for sample in samples) for name, samples in series.items()}
        for subject, series in document["history"].items()
    }
    return Observed(nodes, document["taken"], document["seconds"], document["notes"], history)


def _node(entry: Mapping[str, Any]) -> NodeFacts | Unreachable:
    if "code" in entry:
        return Unreachable(**{**entry, "remedies": tuple(remedy_of(one) for one in entry["remedies"])})
    facts = {name: Fact(**fact) for name, fact in entry["facts"].items()}
    probes = {name: ProbeAnswer(**answer) for name, answer in entry["probes"].items()}
    return NodeFacts(entry["node"], facts, probes, entry["seconds"])


def _redacted(value: Any, redact: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {redact(key): _redacted(item, redact) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_redacted(item, redact) for item in value]
    return value
