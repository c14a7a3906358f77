"""What stopping a node would mean: of `safe-to-stop`."""

from __future__ import annotations

from typing import Annotated, TypedDict

from fatecloud.report.kinds.base import Key, Rule, Seconds


class HitDocument(TypedDict):
    """A service on another node that would miss one on this node."""

    service: Key
    misses: list[Key]
    stops: Annotated[bool, "Whether it cannot do its work without them."]


class HitJobDocument(TypedDict):
    """A job that would be interrupted."""

    id: str
    sides: Annotated[list[str], "Its roles at the parties that were asked."]
    status: str
    partners: str
    age: Annotated[Seconds, "Since it was created."]


class OutageForecast(TypedDict):
    """`fatecloud safe-to-stop`: what would be missing while a node is stopped."""

    node: str
    exit_status: Annotated[int, Rule(enum=[0, 1, 2, 3]), "0 no one, 1 services, 2 running jobs, 3 not all is known."]
    safe: Annotated[bool | None, "null if it could not be found out."]
    stops: Annotated[list[Key], "What runs there."]
    down: Annotated[list[Key], "What is there and does not run."]
    stays_down: Annotated[list[Key], "What runs there and does not start at boot."]
    spared: Annotated[list[str], "Sentences about those whose other instances suffice."]
    hits: list[HitDocument]
    owners: Annotated[list[str], "Parties and groups that would miss a service."]
    partners: Annotated[list[str], "Other parties with which these could not run jobs."]
    jobs: list[HitJobDocument]
    runs: Annotated[list[str], "One sentence for each run that is changing nodes now."]
    unknown: Annotated[list[str], "Sentences: what could not be found out."]
