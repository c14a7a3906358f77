"""The files of a flow that signs its requests to other parties, and what they make in its database."""

from __future__ import annotations

from fatecloud.components.flow.v2.probes import DATABASE, apps_of
from fatecloud.components.flow.v2.sites import apps
from fatecloud.components.script import script_text
from fatecloud.model.context import Context
from fatecloud.model.service import Edge, FileSpec, Objects


def site_files(ctx: Context, edges: tuple[Edge, ...]) -> tuple[FileSpec, ...]:
    """The apps, and the script that writes them into the database at the end of one of flow's edges."""
    stamp = {"stamp": ctx.id.stamp}
    values = {
        "python": ctx.python,
        "site_packages": ctx.site_packages,
        "conf": f"{ctx.home}/conf/service_conf.yaml",
        "apps": apps_of(ctx),
        "program": _program(ctx),
        "applied": _applied(ctx),
    }
    # The place of the database is in the file of the apps, so that a new one gets them too.
    database = next(str(edge.endpoint) for edge in edges if edge.kind == DATABASE)
    known = {**apps(ctx.cluster, ctx.owner.id), "database": database}
    program = {"text": script_text("flow", "v2/apply_apps.py")}
    return (
        FileSpec(apps_of(ctx), "flow/v2/apps.json.j2", stamp | known, restarts=False),
        FileSpec(_program(ctx), "flow/v2/apply_apps.py.j2", stamp | program, restarts=False),
        FileSpec(_script(ctx), "flow/v2/objects.sh.j2", stamp | values, mode=0o750, restarts=False),
    )


def site_objects(ctx: Context) -> Objects:
    """The rows of the apps."""
    return Objects(_script(ctx), (apps_of(ctx),), _applied(ctx))


def _script(ctx: Context) -> str:
    return f"{ctx.home}/bin/objects"


def _program(ctx: Context) -> str:
    return f"{ctx.home}/bin/apply_apps.py"


def _applied(ctx: Context) -> str:
    # Not among flow's data: the rows are in the database, and the loss of flow's data is judged by other signs.
    return f"{ctx.home}/run/objects.applied"
