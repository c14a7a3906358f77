"""The smoke tests of Serving: does a request reach the other party's server, and is the score that of both?"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping
from typing import Any

from fatecloud.components.piped import piped
from fatecloud.components.serving_proxy.answers import number, score_in
from fatecloud.components.serving_server import sample
from fatecloud.components.serving_server.want import SERVER
from fatecloud.errors import FatecloudError, ProofFailed, UsageError
from fatecloud.model.desired import DesiredService
from fatecloud.model.event import Event
from fatecloud.model.proof import ProofGround, ProofResult
from fatecloud.plain import harmless, plain_word
from fatecloud.probing.dialing import address_of

PACKAGE = "serving-proxy"
EVERY = 3.0
"""Seconds between two tries: after a start, a proxy's connections wait for up to two minutes before they try again."""
ENOUGH = 1e-9
CALL_SECONDS = 40.0
ROUTE_SECONDS = 25.0
"""Seconds that stay for the last question about a route, which takes 12 s at most on the node."""
SETTLED = 60.0
"""Seconds that stay for the clean-up."""


def route(ground: ProofGround) -> ProofResult:
    """Ask the other party's server through both proxies; see `model.proof.Proof`."""
    began = time.monotonic()
    service = ground.services[ground.guest]
    own, party, part = (str(service.facts[name]) for name in ("own", "party", "part"))
    other = _number(ground, ground.host)
    answer: dict[str, Any] = {}
    while not answer.get("ok"):
        answer = _asked(ground, service, PACKAGE, "trial_route.py", own, party, other, part)
        if answer["ok"]:
            break
        if time.monotonic() - began + EVERY > ground.deadline - ROUTE_SECONDS:
            raise ProofFailed(
                f"route {ground.guest} -> {ground.host}: no server of party {other} answers: {answer['error']}",
                remedy=f"fatecloud check {ground.guest}/ {ground.host}/",
            )
        time.sleep(EVERY)
    return _result(ground, "route", began, {}, f"a server of party {other} answers through both proxies")


def predict(ground: ProofGround) -> ProofResult:
    """Load the sample model into both parties, score one request and a batch, and remove it; see `Proof`."""
    began = time.monotonic()
    sides = {"guest": _server(ground, ground.guest), "host": _server(ground, ground.host)}
    if ground.guest == ground.host:
        raise UsageError("a prediction takes two parties, and there is one")
    source = sides["host"].facts["features"]
    if source != "sample":
        raise UsageError(
            f"the host {ground.host} gets its features from {source!r}, so the score of the sample is not known",
            remedy=f"set features.source of {SERVER} in {ground.host} to sample, then deploy, for as long as you test",
        )
    numbers = (_number(ground, ground.guest), _number(ground, ground.host))
    loaded: list[str] = []
    try:
        for role, server in sides.items():
            # A server may have the model although loading it fails: the answer can be lost, or binding it refused.
            loaded.append(role)
            try:
                _load(ground, server, role, numbers)
            except UsageError:
                # What it has is someone else's.
                loaded.remove(role)
                raise
        figures = _scored(ground, began)
    except BaseException as error:
        left = _cleared(ground, {role: sides[role] for role in loaded}, numbers)
        if left and isinstance(error, FatecloudError):
            error.message = f"{error.message}; could not remove: {'; '.join(left)}"
        raise
    left = _cleared(ground, sides, numbers)
    score = figures["score"]
    said = f"the score {score:.12f} is that of both parties together, single and in a batch"
    return _result(ground, "predict", began, figures, said, tuple(left))


def _scored(ground: ProofGround, began: float) -> dict[str, float]:
    expected, proxy = sample.score(), ground.services[ground.guest]
    single: dict[str, Any] = {}
    while True:
        started = time.monotonic()
        single = _request(ground, proxy, "inference", _features())
        seconds = time.monotonic() - started
        if single["ok"] and single["retcode"] == 0:
            break
        if time.monotonic() - began + EVERY > ground.deadline - CALL_SECONDS - SETTLED:
            what = f"predict {ground.guest} -> {ground.host}: no score: {_refusal(single)}"
            raise ProofFailed(what, remedy="fatecloud check")
        time.sleep(EVERY)
    _compared(ground, score_in(single["answer"]), expected, "the request")
    many = {"batchDataList": [{"index": index, **_features()} for index in (1, 2)]}
    batch = _request(ground, proxy, "batchInference", many)
    if not batch["ok"] or batch["retcode"] != 0:
        raise ProofFailed(f"predict {ground.guest} -> {ground.host}: no score of a batch: {_refusal(batch)}")
    listed = batch["answer"].get("batchDataList")
    found = listed if isinstance(listed, list) else []
    for one in found:
        _compared(ground, score_in(one), expected, "a request in a batch")
    if len(found) != len(many["batchDataList"]):
        raise ProofFailed(f"predict {ground.guest} -> {ground.host}: a batch of 2 gets {len(found)} answers")
    return {"score": expected, "single": seconds}


def _refusal(answer: dict[str, Any]) -> str:
    return f"{answer['retcode']}: {answer.get('retmsg', '')}" if answer["ok"] else str(answer["error"])


def _compared(ground: ProofGround, got: Any, expected: float, what: str) -> None:
    value = number(got)
    if abs(value - expected) < ENOUGH:
        return
    alone = abs(value - sample.score(with_host=False)) < ENOUGH
    why = "it is the guest's part alone: the host's adds nothing" if alone else "it is another one"
    raise ProofFailed(
        f"predict {ground.guest} -> {ground.host}: the score of {what} is {plain_word(str(got))}, "
        f"not {expected!r}: {why}",
        remedy=f"fatecloud check {ground.host}/",
    )


def _features() -> dict[str, Any]:
    # An id that no one had: a score that was kept would hide that the other party is away.
    remote = {"id": f"fatecloud-{uuid.uuid4().hex}"}
    return {"featureData": dict(sample.GUEST_FEATURES), "sendToRemoteFeatureData": remote}


def _request(ground: ProofGround, proxy: DesiredService, call: str, body: dict[str, Any]) -> dict[str, Any]:
    host, port = address_of(str(proxy.facts["http"]))
    document = json.dumps({"head": {"serviceId": sample.SERVICE}, "body": body}).encode()
    answer = _asked(ground, proxy, PACKAGE, "trial_request.py", host, str(port), call, more=document)
    if answer["ok"] and not (isinstance(answer.get("retcode"), int) and isinstance(answer.get("answer"), dict)):
        return {"ok": False, "error": "what it printed is not an answer of Serving's"}
    return answer


def _load(ground: ProofGround, server: DesiredService, role: str, numbers: tuple[str, str]) -> None:
    host, port = address_of(str(server.facts["own"]))
    answer = _asked(ground, server, SERVER, "trial_model.py", "load", host, str(port), server.data, role, *numbers)
    if answer.get("kind") == "models":
        raise UsageError(
            f"{server.id.key}: {answer['error']}; the sample is loaded only where there are none",
            remedy=f"fatecloud test route --from {ground.guest} --to {ground.host}",
        )
    if not answer["ok"]:
        raise ProofFailed(f"predict: {server.id.key} does not take the sample model: {answer['error']}")
    ground.events(Event("note", f"{server.id.key} has the sample model as {role}"))


def _cleared(ground: ProofGround, sides: Mapping[str, DesiredService], numbers: tuple[str, str]) -> list[str]:
    """Remove the sample from servers, by role. Returns what could not be removed, in words."""
    return [words for role, server in sides.items() if (words := _removed(ground, server, role, numbers))]


def _removed(ground: ProofGround, server: DesiredService, role: str, numbers: tuple[str, str]) -> str:
    host, port = address_of(str(server.facts["own"]))
    try:
        answer = _asked(ground, server, SERVER, "trial_model.py", "unload", host, str(port), role, *numbers)
    except FatecloudError as error:
        return f"the sample model in {server.id.key}: {error.message}"
    return "" if answer["ok"] else f"the sample model in {server.id.key}: {answer['error']}"


def _server(ground: ProofGround, owner: str) -> DesiredService:
    found = ground.beside(owner, SERVER)
    if found is None:
        raise UsageError(f"{owner} has no {SERVER} that fatecloud can load a model into")
    return found


def _number(ground: ProofGround, owner: str) -> str:
    """The number of a party: a group's, or the peer's own id."""
    return str(ground.services[owner].facts["party"]) if owner in ground.services else owner


def _asked(
    ground: ProofGround, service: DesiredService, package: str, script: str, *arguments: str, more: bytes = b""
) -> dict[str, Any]:
    output = ground.run(service)(*piped(package, script, *arguments, more=more), CALL_SECONDS).decode(errors="replace")
    try:
        answer = harmless(json.loads(output))
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict) or not isinstance(answer.get("ok"), bool):
        raise ProofFailed(f"{service.id.key}: {script} printed {plain_word(output, 200)!r}")
    return answer if answer["ok"] else {**answer, "error": str(answer.get("error", "no reason given"))}


def _result(
    ground: ProofGround, kind: str, began: float, figures: dict[str, float], said: str, left: tuple[str, ...] = ()
) -> ProofResult:
    whole = time.monotonic() - began
    return ProofResult(
        kind=kind,
        id=sample.SERVICE,
        guest=ground.guest,
        host=ground.host,
        confirmed=tuple(dict.fromkeys(owner for owner in (ground.guest, ground.host) if owner in ground.services)),
        seconds={"whole": whole},
        figures=figures,
        summary=(f"{kind} {ground.guest} -> {ground.host}: success: {said}, in {whole:.0f} s",),
        left=left,
    )
