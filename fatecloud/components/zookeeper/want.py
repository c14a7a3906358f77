"""The desired state of one member of an ensemble on its node."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fatecloud.components.java import Jvm
from fatecloud.components.neighbours import edges_to
from fatecloud.components.question import question
from fatecloud.components.script import script_text
from fatecloud.components.zookeeper.probe_members import FIGURES_LENGTH
from fatecloud.model.context import Context
from fatecloud.model.identity import ServiceId
from fatecloud.model.machine import Share
from fatecloud.model.needs import MIB
from fatecloud.model.service import FileSpec, Objects, PortUse, Process
from fatecloud.model.wanted import ANYWHERE, Wanted

JVM = Jvm(heap=Share(8, 128 * MIB, 1024 * MIB), direct=Share(32, 64 * MIB, 256 * MIB))
JARS = ("/usr/share/java/zookeeper.jar", "/usr/share/java/slf4j-simple.jar")
"""Of Debian's package and of what it depends on. The first one's manifest names the jars that it needs, but none that
writes its log: the second one does, to the console, which the supervision bounds."""
LOGGING = {
    "org.slf4j.simpleLogger.showDateTime": "true",
    "org.slf4j.simpleLogger.dateTimeFormat": "yyyy-MM-dd'T'HH:mm:ss.SSSZ",
    "org.slf4j.simpleLogger.levelInBrackets": "true",
    "org.slf4j.simpleLogger.showShortLogName": "true",
    # One line for each connection that asks for the state.
    "org.slf4j.simpleLogger.log.org.apache.zookeeper.server.NIOServerCnxn": "warn",
}
MAIN = "org.apache.zookeeper.server.quorum.QuorumPeerMain"
ACCOUNT, SUPERUSER = "fate", "super"
STATE, MEMBERS, ACCESS = "zookeeper.state", "zookeeper.members", "zookeeper.access"


def want(ctx: Context) -> Wanted:
    """Files, process, edges and probes of a member. Pure."""
    members = ctx.services("zookeeper")
    others = [member for member in members if member != ctx.id]
    conf, data = f"{ctx.home}/conf", f"{ctx.data}/db"
    account, superuser, applied = f"{conf}/account.json", f"{conf}/superuser.json", f"{ctx.data}/objects.applied"
    prepare, objects = f"{ctx.home}/bin/prepare", f"{ctx.home}/bin/objects"
    program, line = f"{ctx.home}/bin/apply_acl.py", f"{ctx.home}/bin/superuser.py"
    quorum = ctx.listen("quorum").host
    values = {
        "stamp": ctx.id.stamp,
        "data": data,
        "listen": ctx.listen("client").host,
        "port": ctx.port("client"),
        "connections": ctx.config["connections"],
        # A member that others reach under another address than its own has to listen on all of them.
        "everywhere": any(ctx.reached(m, "quorum").host != quorum for m in members if m == ctx.id),
        "members": {_number(ctx, m): _server(ctx, m) for m in members} if others else {},
        "number": _number(ctx, ctx.id),
        "conf": f"{conf}/zoo.cfg",
        "used": f"{ctx.home}/run/zoo.cfg",
        "account_file": account,
        "superuser_file": superuser,
        "line": line,
        "program": program,
        "applied": applied,
        "host": ctx.own("client").host,
    }
    start = JVM.launch(ctx, MAIN, JARS, (values["used"],), LOGGING)
    address = (ctx.own("client").host, str(ctx.port("client")))
    acl = ctx.config["acl"]
    return Wanted(
        process=Process(
            argv=start.argv,
            environment=start.environment,
            directory=ctx.home,
            pre=((prepare,),),
            console=ctx.console,
        ),
        files=(
            FileSpec(f"{conf}/zoo.cfg", "zookeeper/zoo.cfg.j2", values),
            FileSpec(account, "zookeeper/account.json.j2", _login(ctx, ACCOUNT, "zookeeper.fate"), restarts=False),
            FileSpec(superuser, "zookeeper/account.json.j2", _login(ctx, SUPERUSER, "zookeeper.super")),
            FileSpec(line, "zookeeper/program.py.j2", _program(ctx, "superuser.py")),
            FileSpec(prepare, "zookeeper/prepare.sh.j2", values, mode=0o750),
            *(
                (
                    FileSpec(program, "zookeeper/program.py.j2", _program(ctx, "apply_acl.py"), restarts=False),
                    FileSpec(objects, "zookeeper/objects.sh.j2", values, mode=0o750, restarts=False),
                )
                if acl
                else ()
            ),
        ),
        directories={data: 0o750, **start.directories},
        edges=edges_to(ctx, "zookeeper", "client", "member", probe=MEMBERS, hard=False),
        probes=(
            question(STATE, "probe_state.py", *address, timeout=15),
            question(
                MEMBERS,
                "probe_members.py",
                *(f"{o.node}={ctx.reached(o, 'client')}" for o in others),
                timeout=25,
                carries=FIGURES_LENGTH,
            ),
            *((question(ACCESS, "probe_access.py", *address, account, timeout=15),) if acl else ()),
        ),
        readiness=STATE,
        readiness_deadline=180,
        objects=Objects(objects, (account,), applied) if acl else None,
        callers={"client": ANYWHERE} if ctx.config["bind"] else {},
        ports=(
            PortUse("client", ctx.port("client"), ctx.listen("client").host),
            # Only the leader listens on the port for the quorum.
            *((PortUse("election", ctx.port("election"), quorum, strict=False),) if others else ()),
        ),
        facts={"members": {member.node: member.key for member in members}, "account": ACCOUNT},
        residues=start.residues,
        needs=replace(start.needs, descriptors=4096),
    )


def _login(ctx: Context, account: str, secret: str) -> dict[str, Any]:
    return {"stamp": ctx.id.stamp, "account": account, "password": ctx.secret(secret)}


def _program(ctx: Context, name: str) -> dict[str, Any]:
    return {"stamp": ctx.id.stamp, "text": script_text("zookeeper", name)}


def _number(ctx: Context, member: ServiceId) -> int:
    given = ctx.owner.settings("zookeeper", member.node).get("id")
    return int(given) if given else 1 + [m.node for m in ctx.services("zookeeper")].index(member.node)


def _server(ctx: Context, member: ServiceId) -> str:
    quorum, election = ctx.reached(member, "quorum"), ctx.reached(member, "election")
    if member == ctx.id:
        quorum, election = ctx.away("quorum"), ctx.away("election")
    host = f"[{quorum.host}]" if ":" in quorum.host else quorum.host
    return f"{host}:{quorum.port}:{election.port}"
