"""The models of a flow 1, as verbs carry them to a Serving: flow gives them in the form that a server keeps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fatecloud.components.piped import Piped, size_in
from fatecloud.components.serving_server.carried import namespace
from fatecloud.components.serving_server.model_files import MOST
from fatecloud.components.serving_server.pipeline import judge
from fatecloud.components.serving_server.want import SERVER
from fatecloud.model.desired import DesiredService
from fatecloud.model.jobs import Run
from fatecloud.model.layout import python_of
from fatecloud.model.serving import GUEST, HOST
from fatecloud.model.trained import Asked, HeldPart, ModelPart, Needs, roles_in

_CALL = 90.0


class TransferredModels:
    """See `model.trained.ModelSource`.

    Args:
        service: the flow.
        run: runs commands on its node.
        since: the oldest version of Serving for its models.
    """

    def __init__(self, service: DesiredService, run: Run, since: str) -> None:
        self.needs = Needs(SERVER, since)
        self._script = Piped(run, service.id.key, "flow", "model_transfer.py", python_of(service.home))
        self._url = str(service.facts["job_api"]).rstrip("/")

    def held(self, question: Asked) -> tuple[HeldPart, ...]:
        """The party's own parts. A service id is known to servers alone."""
        return () if question.service else tuple(self._found(question))

    def _found(self, question: Asked) -> Iterator[HeldPart]:
        for role, parties in roles_in(question.model).items():
            if role not in (GUEST, HOST) or question.party not in parties:
                continue
            part = ModelPart(question.model, question.version, role, question.party)
            answer, _ = self._script.asked({**self._question(part), "offset": 0}, _CALL)
            if answer["ok"]:
                yield HeldPart(part, (), str(answer.get("sha256", "")), size_in(answer))
            elif answer.get("kind") != "absent":
                raise self._script.failed(answer.get("error"))

    def content(self, held: HeldPart) -> bytes:
        """The files of one."""
        return self._script.pieces(self._question(held.part), _CALL, MOST)

    def judge(self, part: ModelPart, files: Mapping[str, bytes]) -> tuple[str, ...]:
        """What it is made of."""
        return judge(part, files)

    def _question(self, part: ModelPart) -> dict[str, Any]:
        return {"url": self._url, "name": part.version, "namespace": namespace(part)}


def of_flow_1(service: DesiredService, run: Run) -> TransferredModels:
    """The models of a flow 1.9 to 1.11; see `model.trained.ModelSourceAt`."""
    return TransferredModels(service, run, "2.1")


def of_flow_1_4(service: DesiredService, run: Run) -> TransferredModels:
    """The same of a flow 1.4, whose models both generations of Serving take."""
    return TransferredModels(service, run, "1.3")
