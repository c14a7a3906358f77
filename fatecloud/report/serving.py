"""Which models answer requests, and what was changed of that, as text and as documents."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.model.serving import Loaded, LoadedModel, ModelsPage, Part, ServingChange
from fatecloud.plain import plain
from fatecloud.report.envelope import moment
from fatecloud.report.job import clock_text, unknown_lines
from fatecloud.report.kinds.serving import (
    LoadedModelDocument,
    ModelPartDocument,
    ServingChangeDocument,
    ServingInstanceDocument,
    ServingModelList,
)
from fatecloud.report.wrap import table, wrapped


def models_text(page: ModelsPage, width: int) -> str:
    """A line for each model in each server, and how servers of one owner differ."""
    rows = [("SERVER", "MODEL", "ROLE", "SINCE", "SERVICE IDS")]
    rows += [row for own in page.owners for one in own.instances for row in _rows(one)]
    lines = list(table(rows, width))
    for sentence in (f"differs: {text}" for own in page.owners for text in own.differences):
        lines += wrapped(plain(sentence), width, "", "    ")
    return "\n".join([*lines, *unknown_lines(page.unknown, width)])


def _rows(one: Loaded) -> Iterator[tuple[str, str, str, str, str]]:
    if not one.models:
        yield one.id.key, "not known" if one.models is None else "no model", "-", "-", "-"
    for model in one.models or ():
        role = f"{model.role} {model.party}"
        since = clock_text(model.since or 0)
        yield one.id.key, plain(model.table), plain(role), since, plain(", ".join(model.services) or "-")
    if one.left_out:
        yield one.id.key, f"{one.left_out} more", "-", "-", "-"


def models_document(page: ModelsPage) -> ServingModelList:
    """The same for programs."""
    return {
        "exit_status": page.exit_status,
        "items": [
            {
                "owner": own.owner,
                "instances": [_instance(one) for one in own.instances],
                "differences": list(own.differences),
            }
            for own in page.owners
        ],
        "unknown": list(page.unknown),
    }


def _instance(one: Loaded) -> ServingInstanceDocument:
    registered = one.registered
    return {
        "service": one.id.key,
        "models": None if one.models is None else [_model(model) for model in one.models],
        "left_out": one.left_out,
        "recorded": one.recorded,
        "registered": None if registered is None else {name: list(where) for name, where in registered.items()},
        "error": one.error,
    }


def _model(model: LoadedModel) -> LoadedModelDocument:
    return {
        "version": model.table,
        "id": model.namespace,
        "role": model.role,
        "party": model.party,
        "services": list(model.services),
        "since": None if model.since is None else moment(model.since),
        "partners": [_part(part) for part in model.partners],
    }


def _part(part: Part) -> ModelPartDocument:
    return {"version": part.table, "id": part.namespace, "role": part.role, "party": part.party}


def change_text(change: ServingChange, width: int) -> str:
    """What has to be known after it: how to go back, and what others have to do."""
    # What was unpublished may be gone.
    can = bool(change.servers) and change.what != "unpublish"
    earlier = [version for version in dict.fromkeys(change.before.values()) if can and version != change.model]
    lines = [f"to go back: fatecloud serving bind {change.service} {version}" for version in earlier]
    return "\n".join(line for text in (*lines, *change.others) for line in wrapped(plain(text), width, "", "    "))


def change_document(change: ServingChange) -> ServingChangeDocument:
    """The same for programs."""
    return {
        "what": change.what,
        "service": change.service,
        "model": change.model,
        "before": dict(change.before),
        "servers": list(change.servers),
        "others": list(change.others),
    }
