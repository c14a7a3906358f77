"""A database server that others run: what asks it from the node of a service that uses it."""

from __future__ import annotations

from fatecloud.components.mysql.database import Database
from fatecloud.components.question import question
from fatecloud.model.component import ConfigKey, ExternalUse
from fatecloud.model.context import Context
from fatecloud.model.contribution import Contribution
from fatecloud.model.owner import External
from fatecloud.model.service import FileSpec
from fatecloud.model.wanted import Examination

PROBE = "mysql.external"


def examine(ctx: Context, external: External, needed: tuple[Contribution, ...]) -> Examination:
    """The question about the databases of a service, with its own login. Pure."""
    account = f"{ctx.home}/conf/external-mysql.json"
    values = {
        "where": str(external.endpoint),
        "user": external.user,
        "password": external.password.name,
        "databases": {one.name: list(one.rights) for one in needed if isinstance(one, Database) and not one.joined},
    }
    return Examination(
        files=(FileSpec(account, "mysql/external.json.j2", values, restarts=False),),
        probes=(question(PROBE, "probe_external.py", account, timeout=30, early=True, account=account),),
    )


EXTERNAL = ExternalUse(
    keys=(
        ConfigKey("database", "name", None, "The database; derived: the name that the service asks for, `fate_flow`."),
    ),
    examine=examine,
)
