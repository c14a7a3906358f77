"""Where verbs reach the jobs of a flow: by a script on its node."""

from __future__ import annotations

from fatecloud.components.flow.node_exchange import NodeExchange
from fatecloud.components.flow.v1_4.api import FlowApi
from fatecloud.components.flow.v1_4.code import jobs_of
from fatecloud.model.jobs import JobRunner, Run
from fatecloud.model.layout import python_of


def flow_api(runner: JobRunner, run: Run) -> FlowApi:
    """The API of a flow; see `model.jobs.JobApiAt`."""
    python = python_of(runner.home)
    newest = NodeExchange(run, runner.url, "v1_4/newest_jobs.py", python=python)
    return FlowApi(NodeExchange(run, runner.url, "v1_4/http_exchange.py", python=python), newest, jobs_of(runner.home))
