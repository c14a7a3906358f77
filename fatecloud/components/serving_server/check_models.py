"""Whether each server has the models that it should have: loaded, bound, registered, and back after a restart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from fatecloud.components.judging import answer_of, finding, logs, verb
from fatecloud.components.serving_server.loaded import instances, loaded, names
from fatecloud.components.serving_server.want import REGISTRY, STATE, STORE
from fatecloud.model.check import Code, FactAbsent, ServiceView, service_check
from fatecloud.model.finding import Finding
from fatecloud.model.remedy import Ask, Remedy, look
from fatecloud.model.serving import Loaded, LoadedModel

__all__ = ["alike", "answered", "back", "kept", "registered_models"]

_SHOWN = 5
SOURCE = "models of the server"
"""Names of models are for no one outside."""
PUBLISHER = "who publishes its models"
_DOWN = ("SERVICE_HUNG", "SERVING_SERVER_UNUSABLE", "SERVING_SETTING_UNREADABLE")
_UNREGISTERED = "SERVING_UNREGISTERED"
"""Also of a server that still brings models back: it registers itself afterwards."""
_NOT_FOUND = ("SERVING_REGISTRY_DOWN", _UNREGISTERED, "SERVING_ADDRESS_WRONG")
LOST = Code(
    "SERVING_MODEL_LOST",
    "critical",
    "A model that was loaded into Serving's server has not come back with its last start.",
    ("node",),
)
NOT_KEPT = Code(
    "SERVING_MODEL_NOT_KEPT",
    "warning",
    "A model is loaded in Serving's server, and would not come back after a restart.",
    ("node",),
)
UNREGISTERED = Code(
    "SERVING_MODEL_UNREGISTERED",
    "critical",
    "A model is loaded in Serving's server and not registered in ZooKeeper, so that no request for it comes there.",
    ("registry", "node"),
)
WITHOUT_SERVER = Code(
    "SERVING_SERVICE_WITHOUT_SERVER",
    "critical",
    "A service id was bound to a model, and no server answers to it any more.",
    ("registry", "node"),
)
DIFFER = Code(
    "SERVING_MODELS_DIFFER",
    "warning",
    "One of several servers of Serving lacks a model or a service id that another one has.",
    ("node",),
)


@service_check(LOST, probe=STORE, after=(*_DOWN, _UNREGISTERED))
def back(view: ServiceView) -> Iterator[Finding]:
    """All models on its record are loaded."""
    store = _kept(view)
    lost: dict[str, str] = store["lost"]
    if lost:
        said = finding(
            view,
            LOST,
            f"{len(lost)} of {store['recorded']} models on its record are not loaded: {', '.join([*lost][:_SHOWN])}",
            STORE,
            source=SOURCE,
            cause="the file of a model is gone or damaged; the server leaves such a model out at its start, and says "
            "that all was restored",
            remedy=(
                look(f"ls -l {view.service.data}/.fate", view.facts.node),
                logs(view, "restore"),
                *_load_again(view, [*lost]),
            ),
            expected="each model on its record",
            got=f"{store['recorded'] - len(lost)} of them",
            evidence=tuple(f"{name}: {why}" for name, why in lost.items() if why)[:_SHOWN],
        )
        yield said if not _elsewhere(view, lost) else replace(said, severity="warning")


@service_check(NOT_KEPT, probe=STORE, after=_DOWN)
def kept(view: ServiceView) -> Iterator[Finding]:
    """Each model that is loaded would be back after a restart."""
    store = _kept(view)
    unkept: dict[str, str] = store["unkept"]
    wrong = [store["record"]] if store["record"] else [f"{name}: {why}" for name, why in unkept.items()]
    if wrong:
        yield finding(
            view,
            NOT_KEPT,
            "; ".join(wrong[:_SHOWN]),
            STORE,
            source=SOURCE,
            cause="a file was removed or damaged, or the disk was full when the model was loaded",
            remedy=(look(f"ls -l {view.service.data}/.fate", view.facts.node), *_load_again(view, [*unkept])),
            expected="a file of each model, and a record of all",
            got="no record of any" if store["record"] else f"{len(wrong)} that would be lost",
        )


@service_check(
    UNREGISTERED,
    probe=STORE,
    after=(*_DOWN, *_NOT_FOUND),
)
def registered_models(view: ServiceView) -> Iterator[Finding]:
    """Each model that is loaded is registered with its own address."""
    own = _known(view)
    _require_names(view)
    registered, address = own.registered, own.address
    if registered is None or not address:
        return
    models = [(model, name) for model in own.models or () for name in names(model, old=own.recorded)]
    missing = [(model, name) for model, name in models if address not in registered.get(name, ())]
    if missing:
        alone = [name for _, name in missing if not registered.get(name)]
        said = finding(
            view,
            UNREGISTERED,
            f"there is nothing of it for {', '.join(_named(model, name) for model, name in missing[:_SHOWN])}",
            REGISTRY,
            source=SOURCE,
            cause="it registers a model when it is loaded, bound or restored; that failed, or someone removed it",
            remedy=(verb(view, "restart"), logs(view, "regist")),
            expected=address,
            got=", ".join(sorted({one for _, name in missing for one in registered.get(name, ())})) or "nothing",
        )
        yield said if alone else replace(said, severity="warning")


@service_check(WITHOUT_SERVER, probe=STORE, after=(*_DOWN, *_NOT_FOUND, LOST.name, UNREGISTERED.name))
def answered(view: ServiceView) -> Iterator[Finding]:
    """A server is registered for each service id on its record."""
    store, own = _kept(view), _known(view)
    _require_names(view)
    if own.registered is None:
        return
    alone = [name for name in store["unbound"] if not own.registered.get(name)]
    if alone:
        yield finding(
            view,
            WITHOUT_SERVER,
            f"no server is registered for {', '.join(alone[:_SHOWN])}",
            REGISTRY,
            source=SOURCE,
            cause="the record of its models was lost or damaged, while that of its service ids was not",
            remedy=(look(f"ls -l {view.service.data}/.fate", view.facts.node), *_load_again(view, [])),
            expected="a server for each service id that was bound",
            got="none",
        )


@service_check(DIFFER, probe=STORE, after=(*_DOWN, LOST.name))
def alike(view: ServiceView) -> Iterator[Finding]:
    """It has all models and service ids that the other servers behind its proxy have."""
    own, others = _known(view), _others(view)
    _require_whole(view, own.left_out)
    lacks = sorted(
        {
            f"{model.name} of {other.id.key}"
            for other in others
            for model in other.models or ()
            if own.model(model.table, model.namespace) is None
        }
    )
    lacks += sorted(
        {
            f"service id {service} of {other.id.key}"
            for other in others
            for model in other.models or ()
            for service in model.services
            if own.model(model.table, model.namespace) is not None and own.bound(service) is None
        }
    )
    if lacks:
        yield finding(
            view,
            DIFFER,
            f"it lacks {'; '.join(lacks[:_SHOWN])}",
            STATE,
            source=SOURCE,
            cause="a model was loaded or bound while this server was away, or was removed from this one alone",
            remedy=_load_again(view, []),
            expected="what the other servers have",
            got=f"{len(own.models or ())} models",
        )


def _load_again(view: ServiceView, models: list[str]) -> tuple[Remedy, ...]:
    which = f" {', '.join(models[:_SHOWN])}" if models else ""
    return (Ask(PUBLISHER, f"load and bind{which or ' its models'} in {view.service.id.key} again"),)


def _kept(view: ServiceView) -> dict[str, Any]:
    """What it keeps of its models. Raises FactAbsent."""
    store = answer_of(view, STORE)
    if not store["ok"]:
        raise FactAbsent(f"models that {view.service.id.key} keeps: {store['error']}")
    return store


def _known(view: ServiceView) -> Loaded:
    """What the own server has. Raises FactAbsent."""
    # The probe's own absence is said by the view.
    answer_of(view, STATE)
    found = loaded(view.service, view.observed)
    if found.models is None:
        raise FactAbsent(f"models of {view.service.id.key}: {found.error}")
    return found


def _left_out(answer: Mapping[str, Any]) -> int:
    """How many names an answer had no room for."""
    number = answer.get("left_out")
    return number if isinstance(number, int) else 0


def _require_whole(view: ServiceView, left_out: int) -> None:
    """Make sure that a list has all there is. Raises FactAbsent."""
    if left_out:
        raise FactAbsent(f"models of {view.service.id.key}: {left_out} more than were read do not fit into an answer")


def _require_names(view: ServiceView) -> None:
    """Make sure that all names in the registry were looked at. Raises FactAbsent."""
    if left_out := _left_out(answer_of(view, REGISTRY)):
        raise FactAbsent(f"registry of {view.service.id.key}: {left_out} names more than are looked at")


def _others(view: ServiceView) -> list[Loaded]:
    found = instances(view.desired, view.observed, view.service.id.owner)
    return [one for one in found if one.id.key != view.service.id.key]


def _elsewhere(view: ServiceView, keys: Iterable[str]) -> bool:
    """Whether another server has all of these."""
    return any({*keys} <= {_key(model) for model in other.models or ()} for other in _others(view))


def _key(model: LoadedModel) -> str:
    """As the record names it."""
    return f"{model.table}_{model.namespace}"


def _named(model: LoadedModel, name: str) -> str:
    return f"service id {name}" if name in model.services else model.name
