"""The models of FATE-Flow 1.11: how they are deployed, loaded into servers and bound to a service id.

Paths and forms are those of `fate_flow/apps/model_app.py` in FATE-Flow 1.11. Flow asks the flows of all parties, and
has a code for each of them in its answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fatecloud.components.flow.exchange import NO_ANSWER, Exchange, FlowApiError, understood
from fatecloud.components.flow.node_exchange import NodeExchange
from fatecloud.errors import UsageError
from fatecloud.model.jobs import JobRunner, Run
from fatecloud.model.layout import python_of
from fatecloud.model.publication import Trained
from fatecloud.plain import plain_word

QUERY, DEPLOY, LOAD, BIND = "/v1/model/query", "/v1/model/deploy", "/v1/model/load", "/v1/model/bind"
_OWN_SECONDS, _ALL_SECONDS = 20.0, 180.0
"""For what it answers by itself, and for what each party's flow and servers do one after the other."""


class FlowModels:
    """See `model.publication.Publisher`.

    Args:
        exchange: performs one exchange.
    """

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    @understood
    def trained(self, job: str) -> Trained:
        """By the version that a job or a deployment gave it."""
        envelope = self.asked(QUERY, {"model_version": job}, _OWN_SECONDS)
        rows = envelope.get("data") or []
        if not rows:
            said = plain_word(envelope.get("retmsg"))
            raise UsageError(f"flow has no model of job {job}: {said}", remedy=f"fatecloud job show {job}")
        row = rows[0]
        conf = row.get("f_train_runtime_conf") or {}
        started = conf.get("initiator") or {}
        return Trained(
            id=str(row["f_model_id"]),
            version=str(row["f_model_version"]),
            role=str(row.get("f_initiator_role") or started["role"]),
            party=str(row.get("f_initiator_party_id") or started["party_id"]),
            roles=parties_of(row.get("f_roles") or conf["role"]),
            deployed=row.get("f_parent") in (False, 0),
        )

    @understood
    def deploy(self, model: Trained) -> Trained:
        """Flow gives the deployment a version of its own."""
        envelope = self.asked(DEPLOY, {"model_id": model.id, "model_version": model.version}, _ALL_SECONDS)
        data = envelope.get("data") or {}
        roles = {role: parties for role, parties in model.roles.items() if role in ("guest", "host", "arbiter")}
        refuse_failures(DEPLOY, envelope, [(role, party) for role, parties in roles.items() for party in parties])
        version = str(data["model_version"])
        if not version.isdigit() or version == model.version:
            raise FlowApiError(NO_ANSWER, f"it gives no version of the deployment: {plain_word(version)!r}", DEPLOY)
        return Trained(model.id, version, model.role, model.party, model.roles, deployed=True)

    @understood
    def load(self, model: Trained, *, by_servers: bool) -> None:
        """Into each server that each party's flow knows."""
        more = {"use_transfer_url_on_serving": True} if by_servers else {}
        envelope = self.asked(LOAD, self.request(model, more), _ALL_SECONDS)
        refuse_failures(LOAD, envelope, model.parts)

    @understood
    def bind(self, model: Trained, service: str) -> None:
        """In each server that this flow knows."""
        envelope = self.asked(BIND, {**self.request(model, {}), "service_id": service}, _ALL_SECONDS)
        code = envelope.get("retcode")
        if code != 0 or isinstance(code, bool):
            raise _refused(BIND, envelope)

    def request(self, model: Trained, more: Mapping[str, Any]) -> dict[str, Any]:
        """What load and bind have in common: it copies parties into texts of a message, so they are texts."""
        return {
            "initiator": {"role": model.role, "party_id": model.party},
            "role": {role: list(parties) for role, parties in model.roles.items()},
            "job_parameters": {"model_id": model.id, "model_version": model.version, **more},
        }

    def asked(self, path: str, body: Mapping[str, Any], seconds: float) -> Mapping[str, Any]:
        """The envelope, whatever its code."""
        return self._exchange("POST", path, query=None, body=body, timeout=seconds)


def parties_of(roles: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Role -> parties, which flow has as numbers or as texts."""
    return {str(role): tuple(str(party) for party in parties) for role, parties in roles.items()}


def refuse_failures(path: str, envelope: Mapping[str, Any], parts: Any) -> None:
    """Refuse an answer that has no code of success for one of these parties. Raises FlowApiError."""
    data = envelope.get("data")
    if not isinstance(data, Mapping):
        raise _refused(path, envelope)
    failed = []
    for role, party in parts:
        code = (data.get(role) or {}).get(party)
        if code != 0 or isinstance(code, bool):
            said = (((data.get("detail") or {}).get(role) or {}).get(party) or {}).get("retmsg")
            why = plain_word(said) or ("it was not asked" if code is None else "no reason given")
            failed.append(f"{role} {party}: {plain_word(code) or 'no code'}: {why}")
    if failed:
        raise FlowApiError(NO_ANSWER, "; ".join(failed), path)
    if envelope.get("retcode") != 0:
        raise _refused(path, envelope)


def _refused(path: str, envelope: Mapping[str, Any]) -> FlowApiError:
    code = envelope.get("retcode")
    words = plain_word(envelope.get("retmsg")) or "no reason given"
    return FlowApiError(code if isinstance(code, int) and code else NO_ANSWER, words, path)


def flow_models(runner: JobRunner, run: Run) -> FlowModels:
    """The models of a flow; see `model.publication.PublisherAt`."""
    return FlowModels(NodeExchange(run, runner.url, "v1/http_exchange.py", python=python_of(runner.home)))
