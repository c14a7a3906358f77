"""What one service needs inside another one: a database, a route, a vhost. The one declares it, the other makes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, TypeVar

from fatecloud.model.owner import External


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """One such thing. Each kind is a class of its own in the package of the component that gives it."""

    kind: ClassVar[str] = ""
    """`mysql.database`: the component that gives it, and what it is."""
    everywhere: ClassVar[bool] = False
    """Whether each instance of the giver gives it; else the first one does."""
    name: str
    """Its name inside the giver: `fate_flow`."""
    service: str
    """Key of the service that needs it."""
    secret: str = ""
    """Full name of the secret that comes with it, `9999.mysql.fate_flow`; empty if there is none."""

    @property
    def claims(self) -> tuple[str, ...]:
        """The names that it takes inside the giver, which nothing else there may have: `database fate_flow`."""
        return (f"{self.kind.partition('.')[2]} {self.name}",)

    @property
    def details(self) -> dict[str, str]:
        """What else makes it up, for people."""
        return {}


AnyContribution = TypeVar("AnyContribution", bound=Contribution)


@dataclass(frozen=True, slots=True)
class Given:
    """A contribution, and the service that gives it."""

    contribution: Contribution
    giver: str
    """Key of a service, or `external:mysql`."""
    external: External | None = None
    """The giver, where others run it."""

    @property
    def place(self) -> str:
        """The giver and, where others run it, its endpoint."""
        return f"{self.giver} at {self.external.endpoint}" if self.external else self.giver
