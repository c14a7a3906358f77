"""The models of FATE-Flow 1.4, which servers load as the job has made them: there is no step of deploying.

Forms are those of `fate_flow/apps/model_app.py` in FATE 1.4.5.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fatecloud.components.flow.exchange import understood
from fatecloud.components.flow.node_exchange import NodeExchange
from fatecloud.components.flow.v1 import models as later
from fatecloud.errors import UsageError
from fatecloud.model.jobs import SUCCESS, JobRunner, Run
from fatecloud.model.layout import python_of
from fatecloud.model.publication import Trained
from fatecloud.plain import plain_word

_JOB, _SETTINGS = "/v1/job/query", "/v1/job/config"
_SECONDS = 20.0
_CLUSTER = 1
"""Its word for flows on several nodes, which ask each other over rollsite."""


class FlowModels(later.FlowModels):
    """See `model.publication.Publisher`."""

    @understood
    def trained(self, job: str) -> Trained:
        """As the job's own settings name it."""
        envelope = self.asked(_JOB, {"job_id": job}, _SECONDS)
        rows = envelope.get("data") or []
        if not rows:
            raise UsageError(f"flow does not know job {job}", remedy="fatecloud job list")
        status = str(rows[0]["f_status"])
        if status != SUCCESS:
            raise UsageError(
                f"job {job} has no model to publish: {plain_word(status)}", remedy=f"fatecloud job show {job}"
            )
        conf = self.asked(_SETTINGS, {"job_id": job}, _SECONDS)["data"]["runtime_conf"]
        parameters, started = conf["job_parameters"], conf["initiator"]
        return Trained(
            id=str(parameters["model_id"]),
            version=str(parameters["model_version"]),
            role=str(started["role"]),
            party=str(started["party_id"]),
            roles=later.parties_of(conf["role"]),
            deployed=True,
        )

    def load(self, model: Trained, *, by_servers: bool) -> None:
        """Servers of 1.3 fetch a model where their own settings say in any case."""
        del by_servers
        super().load(model, by_servers=False)

    def request(self, model: Trained, more: Mapping[str, Any]) -> dict[str, Any]:
        """It asks how flow is deployed."""
        return super().request(model, {"work_mode": _CLUSTER, **more})


def flow_models(runner: JobRunner, run: Run) -> FlowModels:
    """The models of a flow; see `model.publication.PublisherAt`."""
    # Not the one of its own, which leaves out a job's settings.
    return FlowModels(NodeExchange(run, runner.url, "v1/http_exchange.py", python=python_of(runner.home)))
