"""The questions that a flow is asked on its node."""

from __future__ import annotations

from fatecloud.components.neighbours import own_address
from fatecloud.components.question import question
from fatecloud.model.component import Context
from fatecloud.model.desired import Edge, NodeProbe

BROKER = "broker"


def probes(ctx: Context, edges: tuple[Edge, ...]) -> tuple[NodeProbe, ...]:
    """Probes of a flow. All of them run under flow's own interpreter, so that they see what flow sees."""
    address = (own_address(ctx), str(ctx.port("http")))
    conf = f"{ctx.home}/conf/service_conf.yaml"
    log = f"{ctx.logs}/fate_flow/fate_flow_schedule.log"
    found = [
        question("flow.api", "probe_api.py", *address, timeout=25, python=ctx.python),
        question("flow.jobs", "probe_jobs.py", *address, timeout=20, python=ctx.python),
        question("flow.schedule", "probe_schedule.py", log, timeout=20, python=ctx.python),
        question("flow.database", "probe_database.py", conf, timeout=20, python=ctx.python, libraries=True),
    ]
    if any(edge.kind == BROKER for edge in edges):
        table = f"{ctx.home}/conf/rabbitmq_route_table.yaml"
        found.append(
            question("flow.broker", "probe_broker.py", conf, table, timeout=20, python=ctx.python, libraries=True)
        )
    return tuple(found)
