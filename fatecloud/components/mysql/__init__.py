"""A database server: MySQL, or MariaDB where the distribution has no MySQL. Services declare what they need in it."""

from __future__ import annotations

from fatecloud.components.mysql.database import Database, removal, statements
from fatecloud.components.mysql.external import EXTERNAL
from fatecloud.components.mysql.want import want
from fatecloud.model.component import NEEDERS, Component, ConfigKey, PortSpec
from fatecloud.model.protections import UnitException

COMPONENT = Component(
    name="mysql",
    summary="MySQL",
    architectures=("rabbitmq", "eggroll"),
    config=(
        ConfigKey(
            "bind",
            "host",
            None,
            "Address that it listens on; derived: 127.0.0.1 while all services that need a database are on its node, "
            "else `bind` or `advertise` of the node.",
        ),
        ConfigKey("max_connections", "int", 500, "Connections that the server accepts at the same time.", 20, 100000),
        ConfigKey("buffer_pool", "size", 256 * 2**20, "Memory for InnoDB's buffer pool.", 2**25, 2**42),
    ),
    ports=(PortSpec("mysql", 3306, "MySQL protocol, for the services that need a database", clients=(NEEDERS,)),),
    want=want,
    gives=(Database,),
    statements=statements,
    removal=removal,
    packages={"debian": ("mariadb-server",), "redhat": ("mysql-server",)},
    masks={"debian": ("mariadb.service",), "redhat": ("mysqld.service",)},
    needs_root=True,
    external=EXTERNAL,
    groups=True,
    keeps="the databases of other services",
    signs=("db/mysql",),
    unit_exceptions=(
        UnitException(
            "SystemCallFilter", "@chown", "A repaired table gets the owner of the old one, which is the same."
        ),
        UnitException(
            "SystemCallFilter",
            "io_uring_setup io_uring_enter io_uring_register",
            "InnoDB reads and writes by io_uring.",
        ),
    ),
)
