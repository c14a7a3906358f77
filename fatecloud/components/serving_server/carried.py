"""The models of one server, as verbs carry them between environments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fatecloud.components.piped import Piped, size_in
from fatecloud.components.serving_server.model_files import MOST, digest
from fatecloud.components.serving_server.pipeline import judge
from fatecloud.components.serving_server.want import SERVER
from fatecloud.model.desired import DesiredService
from fatecloud.model.jobs import Run
from fatecloud.model.trained import Asked, HeldPart, ModelPart, Needs, Roles
from fatecloud.probing.dialing import address_of

_CALL, _LOAD = 90.0, 180.0
"""Seconds for a question, and for a model to arrive and to be loaded."""


class ServingModels:
    """See `model.trained.ModelTarget`.

    Args:
        service: the server.
        run: runs commands on its node.
        generation: package below this one.
        removes: whether the server can remove a model.
    """

    binds = True

    def __init__(self, service: DesiredService, run: Run, generation: str, *, removes: bool) -> None:
        host, port = address_of(str(service.facts["own"]))
        # Where a server takes models from a flow, its settings have the address.
        flow = next((spec.values["flow"] for spec in service.specs if "flow" in spec.values), None)
        self.needs = Needs(SERVER, ".".join(service.version.split(".")[:2]))
        self._where = {"host": host, "port": port, "data": service.data, "flow": str(flow or "")}
        self._script = Piped(run, service.id.key, SERVER, f"{generation}/moving.py")
        self._removes = removes

    def all(self, party: str) -> tuple[HeldPart, ...]:
        """The models of a party that it has loaded, or on its record."""
        found = self._ask("held", party=party).get("models")
        parts = (self._part(one) for one in (found if isinstance(found, list) else ()) if isinstance(one, dict))
        return tuple(sorted((one for one in parts if one), key=lambda one: one.part))

    def held(self, question: Asked) -> tuple[HeldPart, ...]:
        """Those that are asked for."""
        return tuple(one for one in self.all(question.party) if question.fits(one))

    def content(self, held: HeldPart) -> bytes:
        """The files of one."""
        question = {**self._where, "what": "content", "own": _named(held.part)}
        return self._script.pieces(question, _CALL, MOST)

    def judge(self, part: ModelPart, files: Mapping[str, bytes]) -> tuple[str, ...]:
        """What it is made of."""
        return judge(part, files)

    def load(self, part: ModelPart, roles: Roles, content: bytes) -> None:
        """Put one into the server."""
        self._ask("load", content, own=_named(part), partners=_partners(part, roles), sha256=digest(content))

    def bind(self, part: ModelPart, roles: Roles, service: str) -> None:
        """Let a service id lead to one."""
        self._ask("bind", own=_named(part), partners=_partners(part, roles), service=service)

    def unload(self, part: ModelPart) -> None:
        """Remove one."""
        if not self._removes:
            raise self._script.failed("Serving 1 removes no model: it stays loaded, and no service id leads to it")
        self._ask("unload", own=_named(part))

    def former(self, service: str) -> ModelPart | None:
        """What a service id led to before."""
        found = self._ask("former", service=service).get("former")
        if not (isinstance(found, list) and len(found) == 2 and all(isinstance(text, str) for text in found)):  # noqa: PLR2004
            return None
        return _part_of(*found)

    def note(self, service: str, part: ModelPart | None) -> None:
        """Say what a service id led to before."""
        self._ask("note", service=service, name=[part.version, namespace(part)] if part else None)

    def _part(self, one: Mapping[str, Any]) -> HeldPart | None:
        part = _part_of(str(one.get("table", "")), str(one.get("namespace", "")))
        if part is None:
            return None
        services = one.get("services")
        return HeldPart(
            part,
            tuple(str(name) for name in services) if isinstance(services, list) else (),
            # A file that cannot be used is like no other.
            str(one.get("sha256", "")),
            size_in(one),
        )

    def _ask(self, what: str, more: bytes = b"", /, **question: Any) -> dict[str, Any]:
        seconds = _LOAD if what == "load" else _CALL
        return self._script.done({**self._where, "what": what, **question}, seconds, more)


def _part_of(table: str, name: str) -> ModelPart | None:
    role, _, rest = name.partition("#")
    party, _, model = rest.partition("#")
    return ModelPart(model, table, role, party) if model else None


def namespace(part: ModelPart) -> str:
    """What a server and a flow call a part, beside its version."""
    return f"{part.role}#{part.party}#{part.model}"


def _named(part: ModelPart) -> dict[str, str]:
    return {"table": part.version, "namespace": namespace(part), "role": part.role, "party": part.party}


def _partners(part: ModelPart, roles: Roles) -> list[dict[str, str]]:
    """The parts of everyone else."""
    every = [replace(part, role=role, party=party) for role, parties in roles.items() for party in parties]
    return [_named(other) for other in every if other != part]
