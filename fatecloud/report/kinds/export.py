"""What one side hands to the other, and what two such files say: of `check --export` and `diagnose`."""

from __future__ import annotations

from typing import Annotated, Literal, TypedDict

from fatecloud.model.diagnosis import Place
from fatecloud.model.export import Answer, Part
from fatecloud.model.tried import Look, State
from fatecloud.report.kinds.base import Count, Rule, Time

_Text = Annotated[str, Rule(maxLength=300)]
_Word = Annotated[str, "A short word: `refused`, `timeout`, ...; empty where all is well."]


class ExportedNode(TypedDict):
    """A node of the side that checked."""

    name: str
    read: bool
    code: Annotated[str, "Why it was not read."]
    skew: Annotated[float | None, "Seconds that its clock is ahead of the machine that checked."]


class ExportedService(TypedDict):
    """A service of that side."""

    key: str
    part: Annotated[
        Part,
        "In the ways between the two sides; `needed`: what a router or an end cannot do without, or works for jobs.",
    ]
    version: Annotated[str, "As its release says."]
    running: Annotated[str, "As it says itself; empty if it does not."]
    state: str
    seconds: Annotated[float | None, "Since its start."]


class ExportedFinding(TypedDict):
    """A finding of its check."""

    code: str
    severity: Literal["warning", "critical", "unknown"]
    owner: str
    node: str
    service: str
    outward: Annotated[bool, "Whether it is about the way to another party."]
    about: list[str]
    caused_by: list[str]
    began: Annotated[Time | None, "By the clock of its node."]
    text: Annotated[_Text, "What a service answered to a question. Files, logs and processes are not quoted."]


class ExportedEdge(TypedDict):
    """A dependency, and whether its question was answered."""

    source: str
    target: str
    kind: str
    endpoint: str
    answer: Answer
    word: _Word
    text: _Text


class ExportedRoute(TypedDict):
    """Where a router sends what is for a party."""

    router: str
    kind: str
    party: str
    role: str
    endpoint: str
    tls: bool


class ExportedHop(TypedDict):
    """One step of a way."""

    source: str
    target: str
    endpoint: str
    state: State
    kind: _Word
    error: _Text
    look: Look


ExportedWay = TypedDict(
    "ExportedWay",
    {
        "from": str,
        "to": str,
        "roles": list[str],
        "signed": Annotated[bool, "Whether it stops at the signature of a request, and nowhere else."],
        "hops": list[ExportedHop],
    },
)
ExportedWay.__doc__ = "A way between the two sides, as far as this one could try it."


class LeftOut(TypedDict):
    """What was too much for the size of the file."""

    section: str
    number: Count


class CheckExport(TypedDict):
    """The file of `fatecloud check --export`: names are pseudonyms."""

    format: Annotated[int, Rule(const=1)]
    parties: Annotated[list[str], "Those whose check it is."]
    partner: Annotated[str, "The party that it was made for."]
    program: Annotated[str, "Version of fatecloud."]
    tag: Annotated[str, "End of its pseudonyms."]
    taken: Time
    architecture: str
    releases: Annotated[dict[str, str], "Of each of its parties."]
    changing: Annotated[bool, "Whether nodes were being changed at that time, or services were coming up."]
    ways: list[ExportedWay]
    findings: list[ExportedFinding]
    services: list[ExportedService]
    nodes: list[ExportedNode]
    routes: list[ExportedRoute]
    edges: list[ExportedEdge]
    left_out: list[LeftOut]
    signature: Annotated[
        str, "OpenSSH's signature, in the namespace `export@fatecloud`, of the rest as JSON without spaces and sorted."
    ]


class DiagnosedSide(TypedDict):
    """One of the two files."""

    parties: list[str]
    ours: bool
    fingerprint: Annotated[str, "Of the key that signed it."]
    trusted: Annotated[str, "Whose key it is known to be; empty if it is not known here."]
    taken: Time
    age: Annotated[float, "Seconds, by the clock of this machine; negative where the other clock is ahead."]
    program: str
    left_out: list[LeftOut]


DiagnosedWay = TypedDict("DiagnosedWay", {"from": str, "to": str})
DiagnosedWay.__doc__ = "A direction."


class DiagnosedFault(TypedDict):
    """One thing at fault."""

    place: Annotated[Place, "Where; `network or router` as long as the other side was not heard."]
    side: Annotated[str, "The party whose it is; empty for what is between the two."]
    subject: Annotated[str, "Key of the service or name of the node, where that is known."]
    ways: Annotated[list[DiagnosedWay], "Those that it stops."]
    certain: Annotated[bool, "Whether both sides were heard and agree."]
    evidence: list[str]


class Diagnosis(TypedDict):
    """`fatecloud diagnose`: whose side is at fault."""

    exit_status: Annotated[int, Rule(enum=[0, 1, 3]), "0 nothing is at fault, 1 a fault is named, 3 not all is known."]
    between: Annotated[list[str], Rule(minItems=2, maxItems=2)]
    sides: list[DiagnosedSide]
    faults: list[DiagnosedFault]
    open: Annotated[list[str], "One sentence for each direction of which nothing can be said."]
    remarks: Annotated[list[str], "About times, clocks and versions."]
