"""How verbs about models reach the servers of Serving, and the proxies before them: by scripts on their nodes."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fatecloud.components.piped import piped
from fatecloud.components.serving_proxy.answers import batch, scored
from fatecloud.components.serving_server.loaded import instances
from fatecloud.components.serving_server.want import PROXY, SERVER
from fatecloud.errors import FatecloudError
from fatecloud.model.desired import Desired, DesiredService
from fatecloud.model.jobs import Run
from fatecloud.model.kept_answers import KeptAnswer, KeptAnswers
from fatecloud.model.observed import Observed
from fatecloud.model.predicting import Hop, Prediction, Question
from fatecloud.model.serving import Loaded, LoadedModel
from fatecloud.plain import harmless, plain_word
from fatecloud.probing.dialing import address_of

SECONDS = 40.0
_OLD = "v1"
_MOST = 1e15
_STAYS = "Serving 1 has no call that takes a model or a service id away; it can be bound to another model"


@dataclass(frozen=True, slots=True)
class ServingModels:
    """See `model.serving_api.ModelApi`."""

    desired: Desired
    run: Callable[[DesiredService], Run]

    @property
    def owners(self) -> tuple[str, ...]:
        """Those with servers."""
        return tuple(dict.fromkeys(service.id.owner for service in self._all(SERVER)))

    def servers(self, owner: str) -> tuple[DesiredService, ...]:
        """In the order of their keys."""
        return tuple(service for service in self._all(SERVER) if service.id.owner == owner)

    def party(self, owner: str) -> str:
        """As its proxy is set."""
        return next((str(service.facts["party"]) for service in self._proxies(owner)), "")

    def loaded(self, owner: str, observed: Observed) -> tuple[Loaded, ...]:
        """Out of the answers of their probes."""
        return instances(self.desired, observed, owner)

    def predict(self, owner: str, service: str, questions: Sequence[Question]) -> tuple[Prediction, ...]:
        """Over HTTP at the proxy, where an application asks too."""
        proxy = self._proxy(owner)
        if len(questions) == 1 or proxy.generation == _OLD:
            return tuple(self._single(proxy, service, question) for question in questions)
        listed = [{"index": index, **_body(question)} for index, question in enumerate(questions, 1)]
        return (self._asked_for(proxy, service, {"batchDataList": listed}, len(questions)),)

    def _single(self, proxy: DesiredService, service: str, question: Question) -> Prediction:
        return self._asked_for(proxy, service, _body(question), 0)

    def _asked_for(self, proxy: DesiredService, service: str, body: dict[str, Any], many: int) -> Prediction:
        """Args: `many` is the number of requests of a batch; 0 for a single request."""
        case = uuid.uuid4().hex
        # The proxy reads the one name, and the server the other.
        head = {"serviceId": service, "caseid": case, "caseId": case}
        host, port = address_of(str(proxy.facts["http"]))
        document = json.dumps({"head": head, "body": body}).encode()
        call = "batchInference" if many else "inference"
        said = self._asked(proxy, PROXY, "trial_request.py", host, str(port), call, more=document)
        answer, seconds = said.get("answer"), said.get("seconds")
        if not isinstance(answer, Mapping) or not isinstance(seconds, (int, float)):
            raise FatecloudError(f"{proxy.id.key}: what it printed is not an answer of Serving's")
        scores = batch(answer, many) if many else (scored(answer),)
        return Prediction(proxy.id.key, scores, float(seconds), self._hops(proxy, case))

    def _hops(self, proxy: DesiredService, case: str) -> tuple[Hop, ...]:
        """As the logs say that can be read; a request goes to one server of each owner."""
        found: list[Hop] = []
        others = [service for service in self._all(SERVER) if service.id.owner != proxy.id.owner]
        for service in (proxy, *self.servers(proxy.id.owner), *others):
            try:
                said = self._asked(service, PROXY, "hop_times.py", str(service.facts["requests"]), case)
            except FatecloudError:
                # Where the time went is not worth the answer itself.
                continue
            listed = said.get("hops")
            hops = listed if isinstance(listed, list) else []
            found += [_hop(service, one) for one in hops if isinstance(one, Mapping)]
        return tuple(found)

    def keeps_models(self, owner: str) -> str:
        """Serving 1 does."""
        return _STAYS if any(server.generation == _OLD for server in self.servers(owner)) else ""

    def bind(self, server: str, model: LoadedModel, service: str) -> None:
        """It leaves the model that it was bound to."""
        self._change(server, "bind", model, (service,))

    def unbind(self, server: str, model: LoadedModel, services: Sequence[str]) -> None:
        """The model stays loaded."""
        self._change(server, "unbind", model, services)

    def unload(self, server: str, model: LoadedModel) -> None:
        """With its file there."""
        self._change(server, "unload", model, ())

    def _change(self, key: str, what: str, model: LoadedModel, services: Sequence[str]) -> None:
        server = self.desired.services[key]
        own = {"table": model.table, "namespace": model.namespace, "role": model.role, "party": model.party}
        partners = [
            {"table": part.table, "namespace": part.namespace, "role": part.role, "party": part.party}
            for part in model.partners
        ]
        document = json.dumps({**own, "partners": partners, "services": list(services)})
        host, port = address_of(str(server.facts["own"]))
        self._asked(server, SERVER, "change_model.py", what, host, str(port), document)

    def setting(self, owner: str) -> KeptAnswers:
        """As the inventory says of its first server: all of them share one Redis."""
        (server, *_) = self.servers(owner)
        keeping = server.facts["keeping"]
        store = next((str(edge.endpoint) for edge in server.edges if edge.kind == "redis"), "")
        return KeptAnswers(owner, store, int(keeping["seconds"]), keeps=bool(keeping["keeps"]))

    def kept(self, owner: str, seconds: int | None = None) -> KeptAnswers:
        """As its first server reaches the Redis."""
        (server, *_) = self.servers(owner)
        keeping, known = server.facts["keeping"], self.setting(owner)
        if not known.store:
            return known
        host, port = address_of(known.store)
        more = () if seconds is None else (str(seconds),)
        said = self._asked(server, SERVER, "cached.py", str(keeping["conf"]), host, str(port), *more)
        return _with_answers(known, said)

    def _all(self, component: str) -> list[DesiredService]:
        found = [service for service in self.desired.services.values() if service.id.component == component]
        return sorted(found, key=lambda service: service.id.key)

    def _proxy(self, owner: str) -> DesiredService:
        found = self._proxies(owner)
        if not found:
            raise FatecloudError(f"{owner} has no {PROXY}, through which its models are asked")
        return found[0]

    def _proxies(self, owner: str) -> list[DesiredService]:
        return [service for service in self._all(PROXY) if service.id.owner == owner]

    def _asked(
        self, service: DesiredService, package: str, script: str, *arguments: str, more: bytes = b""
    ) -> dict[str, Any]:
        """What a script says, which is well. Raises FatecloudError."""
        output = self.run(service)(*piped(package, script, *arguments, more=more), SECONDS).decode(errors="replace")
        try:
            answer = harmless(json.loads(output))
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict) or not isinstance(answer.get("ok"), bool):
            raise FatecloudError(f"{service.id.key}: {script} printed {plain_word(output, 200)!r}")
        if not answer["ok"]:
            raise FatecloudError(f"{service.id.key}: {answer.get('error', 'no reason given')}")
        return answer


def _body(question: Question) -> dict[str, Any]:
    # An id that no one had: an answer that was kept would hide that the other party is away.
    sent = question.sent or {"id": f"fatecloud-{uuid.uuid4().hex}"}
    return {"featureData": dict(question.features), "sendToRemoteFeatureData": dict(sent)}


def _hop(service: DesiredService, one: Mapping[str, Any]) -> Hop:
    waited = one.get("downstream")
    return Hop(
        service.id.key,
        _number(one.get("milliseconds")) / 1000,
        None if waited is None else _number(waited) / 1000,
    )


def _with_answers(known: KeptAnswers, said: Mapping[str, Any]) -> KeptAnswers:
    items = said.get("items")
    return replace(
        known,
        answers=int(_number(said.get("answers"))),
        left_out=int(_number(said.get("left_out"))),
        foreign=int(_number(said.get("foreign"))),
        forever=int(_number(said.get("forever"))),
        changed=int(_number(said.get("changed"))),
        shortest=_seconds(said.get("shortest")),
        longest=_seconds(said.get("longest")),
        items=tuple(
            KeptAnswer(plain_word(one.get("key")), _seconds(one.get("seconds")), int(_number(one.get("bytes"))))
            for one in (items if isinstance(items, list) else [])
            if isinstance(one, Mapping)
        ),
    )


def _seconds(value: Any) -> float | None:
    return None if value is None else _number(value)


def _number(value: Any) -> float:
    """0 for what is none, or none that a node can mean."""
    plausible = isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < _MOST
    return float(value) if plausible else 0.0


def serving_models(desired: Desired, run: Callable[[DesiredService], Run]) -> ServingModels:
    """The servers of a cluster; see `model.serving_api.ModelApiAt`."""
    return ServingModels(desired, run)
