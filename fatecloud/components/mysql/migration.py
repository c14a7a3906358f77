"""A change of a service's own database between two of its versions, on a server of ours or of others."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from fatecloud.components.mysql.database import Database
from fatecloud.components.script import script_text
from fatecloud.model.context import Context
from fatecloud.model.endpoint import Endpoint
from fatecloud.model.migration import Migration
from fatecloud.model.service import FileSpec


@dataclass(frozen=True, slots=True)
class Change:
    """One statement of a change. MySQL commits each by itself, so each says when it is done already."""

    done: str
    """A question that is true (its first value is neither NULL nor 0) once the statement has been run."""
    sql: str


def database_migration(
    ctx: Context,
    needed: Database,
    where: Endpoint,
    *,
    to: str,
    what: str,
    steps: tuple[Change, ...],
    verify: tuple[str, ...],
) -> tuple[Migration, tuple[FileSpec, ...]]:
    """A migration of the database that a service needs, and the files that the service wants for it.

    Args:
        ctx: of the service.
        needed: what the service requires.
        where: the server, as its edge says.
        to: version that needs the change.
        what: it changes, for people.
        steps: statements in their order.
        verify: questions that must be true afterwards.
    """
    program, login, change = (
        f"{ctx.home}/bin/migrate-{to}",
        f"{ctx.home}/conf/migrate-login",
        f"{ctx.home}/conf/to-{to}",
    )
    account = {
        "where": str(where),
        "user": needed.account,
        "secret_name": needed.secret,
        "database": needed.name,
    }
    wanted = {"document": {"steps": [asdict(step) for step in steps], "verify": list(verify)}}
    text = {"text": script_text("mysql", "migrate_database.py")}

    def run(verb: str) -> tuple[str, ...]:
        return (ctx.node.python, "-I", "-B", "-S", program, verb, login, change)

    migration = Migration(
        to=to,
        what=what,
        dump=run("dump"),
        migrate=run("migrate"),
        verify=run("verify"),
        back=f"runuser -u {ctx.user} -- {' '.join(run('load'))} < {{dump}}",
    )
    files = (
        FileSpec(program, "mysql/migrate.py.j2", text, restarts=False),
        FileSpec(login, "mysql/login.json.j2", account, restarts=False),
        FileSpec(change, "mysql/change.json.j2", wanted, restarts=False),
    )
    return migration, files
