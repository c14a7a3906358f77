"""The questions that a flow is asked on its node."""

from __future__ import annotations

from fatecloud.components.neighbours import own_address
from fatecloud.components.script import script_text
from fatecloud.model.component import Context
from fatecloud.model.desired import Edge, NodeProbe

BROKER = "broker"


def probes(ctx: Context, edges: tuple[Edge, ...]) -> tuple[NodeProbe, ...]:
    """Probes of a flow. All of them run under flow's own interpreter, so that they see what flow sees."""
    address = (own_address(ctx), str(ctx.port("http")))
    conf = f"{ctx.home}/conf/service_conf.yaml"
    found = [
        _probe(ctx, "flow.api", "probe_api.py", *address, timeout=25),
        _probe(ctx, "flow.jobs", "probe_jobs.py", *address, timeout=15),
        _probe(ctx, "flow.database", "probe_database.py", conf, timeout=15),
        _probe(ctx, "flow.schedule", "probe_schedule.py", f"{ctx.logs}/fate_flow/fate_flow_schedule.log", timeout=10),
    ]
    if any(edge.kind == BROKER for edge in edges):
        table = f"{ctx.home}/conf/rabbitmq_route_table.yaml"
        found.append(_probe(ctx, "flow.broker", "probe_broker.py", conf, table, timeout=20))
    return tuple(found)


def _probe(ctx: Context, name: str, script: str, *arguments: str, timeout: float) -> NodeProbe:
    return NodeProbe(name, (ctx.python, "-", *arguments), script_text("flow", script), timeout)
