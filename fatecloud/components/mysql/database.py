"""What a service can ask of a database server: a database, and an account with rights on it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from fatecloud.model.context import Context
from fatecloud.model.contribution import Contribution
from fatecloud.model.service import FileSpec

CHARSET = "utf8mb4"
RIGHTS = ("SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "ALTER", "INDEX", "REFERENCES")
"""What a program needs that makes its own tables."""
_PLAIN = re.compile("[A-Za-z0-9_]{1,64}")
_PACKET = 16 << 20
"""Bytes. MariaDB's default; a job's description and the outputs of its tasks are written in one statement each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Database(Contribution):
    """A database, in the character set `CHARSET`."""

    kind: ClassVar[str] = "mysql.database"
    account: str
    """Name of the account that its service logs in with."""
    rights: tuple[str, ...] = RIGHTS
    """Privileges on all of the database, as `GRANT` names them."""
    tables: str = ""
    """Template of the SQL that makes its tables, safe to run again; empty where the service makes them itself."""
    rows: tuple[tuple[Any, ...], ...] = ()
    """What that template puts into the tables, where its service does not do so itself."""
    packet: int = _PACKET
    """Bytes of the largest statement that the service sends (`max_allowed_packet`)."""
    ours: bool = True
    """Whether the account is made for this database; another operator's may serve several."""
    joined: bool = False
    """Whether another service has the database, and this one an account on it alone."""

    @property
    def claims(self) -> tuple[str, ...]:
        """Database and account."""
        account = [f"account {self.account}"] if self.ours else []
        return (*([] if self.joined else [f"database {self.name}"]), *account)

    @property
    def details(self) -> dict[str, str]:
        """Its account, and the account's rights."""
        return {"account": self.account, "rights": ", ".join(self.rights)}

    @property
    def shown(self) -> dict[str, Any]:
        """What checks and scripts need of it, for JSON."""
        known = {"name": self.name, "service": self.service, "account": self.account, "rights": list(self.rights)}
        return {**known, "joined": True} if self.joined else known


def reader(ctx: Context, name: str, account: str) -> Database:
    """An account that reads the database of another service of its owner, and changes nothing.

    At an external server it is that of the other service, which the inventory chooses.
    """
    found = database(ctx, name, account, secret=account)
    return replace(found, rights=("SELECT",), joined=True)


def database(ctx: Context, name: str, account: str, *, tables: str = "", secret: str = "") -> Database:
    """The database that a service asks for, at whatever server its owner uses.

    Args:
        ctx: of the service.
        name: at a server of its owner's own. At one that several owners share, the owner's id is added to both names;
            at an external one the inventory may choose the database, and chooses the account.
        account: likewise.
        tables: see `Database`.
        secret: name of the password's secret, where it is not the database's.
    """
    external = ctx.external("mysql")
    if external is not None:
        return Database(
            name=external.extra.get("database", name),
            service=ctx.id.key,
            secret=external.password.name,
            account=external.user,
            tables=tables,
            ours=False,
        )
    shared = any(giver.owner != ctx.id.owner for giver in ctx.services("mysql"))
    # Two owners at one server must not get one database.
    tail = f"_{ctx.id.owner}" if shared else ""
    return Database(
        name=f"{name}{tail}",
        service=ctx.id.key,
        secret=ctx.secret(f"mysql.{secret or name}{tail}"),
        account=f"{account}{tail}",
        tables=tables,
    )


def statements(path: str, heading: str, needed: tuple[Contribution, ...]) -> FileSpec:
    """The SQL that makes databases and accounts, with placeholders for the passwords.

    Args:
        path: of the file.
        heading: its first line, a comment.
        needed: what services need of one server.
    """
    databases = [one for one in needed if isinstance(one, Database)]
    values = {"heading": heading, "charset": CHARSET, "databases": databases}
    return FileSpec(path, "mysql/objects.sql.j2", values, restarts=False)


def removal(home: str, user: str, names: tuple[str, ...]) -> FileSpec:
    """The SQL that drops databases and accounts.

    Args:
        home: of the server.
        user: its administrator.
        names: as in `Database.claims`; what is not one of these is left out.
    """
    parts = [(what, name) for what, _, name in (text.partition(" ") for text in names) if _PLAIN.fullmatch(name)]
    values = {
        "socket": f"{home}/run/mysqld.sock",
        "user": user,
        "databases": [name for what, name in parts if what == "database"],
        "accounts": [name for what, name in parts if what == "account"],
    }
    return FileSpec("", "mysql/removal.sql.j2", values, restarts=False)
