"""The models of a flow 2, as verbs carry them to another flow 2. No Serving takes them; flow has no list of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fatecloud.components.piped import Piped, size_in
from fatecloud.errors import ModelRefused
from fatecloud.model.desired import DesiredService
from fatecloud.model.jobs import Run
from fatecloud.model.layout import python_of
from fatecloud.model.trained import LARGEST, Asked, HeldPart, ModelPart, Needs, Reason, Roles

ROLES = ("guest", "host", "arbiter", "local")
_CALL, _LOAD = 90.0, 180.0
_MAGIC = slice(257, 262)
"""Where a tar file says that it is one."""


class FlowModels:
    """See `model.trained.ModelTarget`."""

    binds = False

    def __init__(self, service: DesiredService, run: Run) -> None:
        self.needs = Needs(service.id.component, ".".join(service.version.split(".")[:2]))
        self._script = Piped(run, service.id.key, "flow", "v2/model_moving.py", python_of(service.home))
        self._where = {
            "url": str(service.facts["job_api"]).rstrip("/"),
            "settings": str(service.facts.get("job_settings", "")),
            "directory": str(service.facts["upload_directory"]),
        }

    def all(self, party: str) -> tuple[HeldPart, ...]:
        """Flow has no list of models."""
        del party
        return ()

    def held(self, question: Asked) -> tuple[HeldPart, ...]:
        """The party's own parts, of all roles; flow binds no service ids."""
        return () if question.service else tuple(self._found(question))

    def _found(self, question: Asked) -> Iterator[HeldPart]:
        for role in ROLES:
            part = ModelPart(question.model, question.version, role, question.party)
            answer, _ = self._script.asked(self._question("held", part), _CALL)
            if answer["ok"]:
                yield HeldPart(part, (), str(answer.get("sha256", "")), size_in(answer))
            elif answer.get("kind") != "absent":
                raise self._script.failed(answer.get("error"))

    def content(self, held: HeldPart) -> bytes:
        """The files of one."""
        return self._script.pieces(self._question("content", held.part), _CALL, LARGEST)

    def judge(self, part: ModelPart, files: Mapping[str, bytes]) -> tuple[str, ...]:
        """Its tasks: each output is a tar file, of which flow reads the content as data."""
        if wrong := [name for name, octets in files.items() if "/" not in name or octets[_MAGIC] != b"ustar"]:
            raise ModelRefused(Reason.CONTENT, f"the part of {part}: {wrong[0]} is not an output of a task")
        return tuple(sorted({name.partition("/")[0] for name in files}))

    def load(self, part: ModelPart, roles: Roles, content: bytes) -> None:
        """Put one into the flow."""
        del roles
        self._script.done(self._question("load", part), _LOAD, content)

    def bind(self, part: ModelPart, roles: Roles, service: str) -> None:
        """There is no such thing."""
        del roles
        raise self._script.failed(f"flow 2 binds no service ids: {part} stays without {service}")

    def unload(self, part: ModelPart) -> None:
        """Remove one; those of other parties at the same flow stay."""
        self._script.done(self._question("unload", part), _CALL)

    def former(self, service: str) -> ModelPart | None:
        """Nothing was bound."""
        del service
        return None

    def note(self, service: str, part: ModelPart | None) -> None:
        """Flow 2 has no former model to note, because it binds no service ids."""
        del part
        raise self._script.failed(f"flow 2 binds no service ids, so none is noted for {service}")

    def _question(self, what: str, part: ModelPart) -> dict[str, Any]:
        names = {"model_id": part.model, "model_version": part.version, "role": part.role, "party_id": part.party}
        return {**self._where, "what": what, **names}
