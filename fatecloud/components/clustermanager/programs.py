"""How EggRoll's programs are started in the foreground of a unit, without its scripts, in each of its generations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fatecloud.components.java import Jvm, Launch
from fatecloud.components.residues import residue
from fatecloud.model.context import Context
from fatecloud.model.residues import Residue
from fatecloud.model.service import LogFile

TREE = "eggroll"
JAXB = "jaxb"
"""Tree of releases with EggRoll 2.0: what its Scala part takes for a part of Java, which it was until 8."""


@dataclass(frozen=True, slots=True)
class Program:
    """One of EggRoll's programs on the JVM."""

    name: str
    """In the names of its logs."""
    known_by: str
    """Class by which its process is recognised."""
    main: str
    leading: tuple[str, ...] = ()
    """Arguments before the others."""
    logging: str = "log4j2.xml"
    """File in `conf` of the tree."""
    properties: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    log: str = ".log"
    """End of the names of its logs."""
    prints: bool = False
    """Whether it prints all of its settings at its start, so that no password may be among them."""
    clears: bool = False
    """Whether each end of a clustermanager ends all sessions in its database, also that of a second copy whose start
    failed because its port was taken."""
    between: tuple[str, ...] = ()
    """Arguments between its settings and what it does not read itself: by that, people and checks know the process."""

    def launch(self, ctx: Context, jvm: Jvm, conf: str, port: int, *more: str) -> Launch:
        """Its command line, and what belongs to it.

        Args:
            ctx: of the service.
            jvm: its settings.
            conf: its own `eggroll.properties`.
            port: where it is to listen.
            more: of its classpath.
        """
        tree = ctx.tree(TREE)
        arguments = (*self.leading, "-c", conf, *self.between, "-p", str(port), "-s", ctx.id.slug)
        logging = {"log4j.configurationFile": f"{tree}/conf/{self.logging}", **self.properties}
        return jvm.launch(ctx, self.main, (f"{tree}/lib/*", *more), arguments, logging)

    def surroundings(self, ctx: Context, start: Launch) -> dict[str, str]:
        """Its environment: its logging asks that, too."""
        return {**start.environment, "EGGROLL_LOG_DIR": ctx.logs, **self.environment}

    def twin(self, port: int) -> str:
        """What the command line of a second copy has."""
        return rf"{self.known_by} (.* )?-p {port}( |$)"

    def logs(self, ctx: Context) -> tuple[LogFile, ...]:
        """Where it writes."""
        return (LogFile(f"{ctx.logs}/eggroll/{self.name}{self.log}", levels=True), LogFile(ctx.console))


def of_eggroll_3(name: str) -> Program:
    """A manager of EggRoll 3."""
    main = f"org.fedai.eggroll.{name}.Bootstrap"
    return Program(name, main, main, properties={"module": name}, environment={"module": name})


def of_eggroll_2(name: str, bootstrap: str, *, prints: bool = True) -> Program:
    """A program of EggRoll 2, where one main class starts them all; `bootstrap` is a class of theirs.

    Those of 2.0 do not print their settings.
    """
    known_by = f"com.webank.eggroll.{bootstrap}"
    return Program(
        name,
        known_by,
        "com.webank.eggroll.core.Bootstrap",
        ("--bootstraps", known_by),
        "log4j2.properties",
        environment={"EGGROLL_LOG_FILE": name},
        log=".jvm.log",
        prints=prints,
        clears=True,
    )


def old_logs(ctx: Context) -> tuple[Residue, ...]:
    """What EggRoll's logging has closed: a directory per day or year, and files beside the current ones."""
    return tuple(residue(ctx, f"{ctx.logs}/eggroll/{name}", "older logs") for name in ("2*", "*.log.*"))
