"""What two exports say, as text and as a document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fatecloud.model.diagnosis import Diagnosis, Fault, Place, Side
from fatecloud.model.duration import duration_text
from fatecloud.plain import plain
from fatecloud.report.commands import typed
from fatecloud.report.envelope import moment
from fatecloud.report.kinds import export as kinds
from fatecloud.report.wrap import wrapped

_TITLES: Mapping[Place, str] = {
    "router": "the router of party {side}",
    "end": "what is behind the router of party {side}",
    "needed": "what jobs need at party {side}",
    "node": "a node of party {side}",
    "inside": "the network inside of party {side}",
    "exchange": "the exchange between the two",
    "route": "a route of party {side}, which is missing or leads to the wrong place",
    "names": "a name that does not resolve at party {side}",
    "admission": "the list of whom party {side} lets in",
    "signatures": "the signatures that party {side} takes",
    "clocks": "the clocks of the two parties",
    "network": "the network between the two",
    "network or router": "the network between the two, or the router of the party that receives",
    "versions": "versions that do not work together",
}
_ADVICE: Mapping[Place, str] = {
    "exchange": "ask who runs the exchange, with these lines",
    "clocks": "let both sides set their clocks by a time server",
    "network": "ask who runs the network between the two, with these lines",
    "network or router": "get the export of the other party: it decides between the two",
    "versions": "agree on versions that work together before anything else",
}
"""What to do about a fault that neither side has alone."""


def diagnosis_text(found: Diagnosis, width: int) -> str:
    """A paragraph about each file and each fault, and how many there are."""
    paragraphs = [_lines(_sides(found), width, ""), *("\n".join(_fault(fault, found, width)) for fault in found.faults)]
    rest = [*(f"not known: {line}" for line in found.open), *(f"note: {line}" for line in found.remarks)]
    return "\n\n".join(
        [*paragraphs, *([_lines(rest, width, "")] if rest else []), _lines([_summary(found)], width, "")]
    )


def _lines(texts: Iterator[str] | list[str], width: int, indent: str) -> str:
    return "\n".join(line for text in texts for line in wrapped(plain(text), width, indent, f"{indent}    "))


def _sides(found: Diagnosis) -> Iterator[str]:
    for side in found.sides:
        whose = "ours" if side.ours else "theirs"
        known = f"the key of {side.trusted}" if side.trusted else _UNKNOWN
        old = f"{duration_text(side.age)} ago" if side.age >= 0 else f"{duration_text(-side.age)} ahead of this clock"
        yield (
            f"{whose}: party {', '.join(side.parties)}, checked {old} with fatecloud {side.program}, signed by "
            f"{side.fingerprint}, {known}"
        )
    if len(found.sides) == 1:
        yield f"theirs: missing. Ask party {found.between[1]} for its export: what follows is one half"


_UNKNOWN = "a key that is not known here: ask them, by phone, whether `key show` prints it there"


def _fault(fault: Fault, found: Diagnosis, width: int) -> Iterator[str]:
    sure = "at fault" if fault.certain else "likely at fault"
    what = f"{sure}: {_TITLES[fault.place].format(side=fault.side)}" + (f", {fault.subject}" if fault.subject else "")
    yield from wrapped(plain(what), width, "", "    ")
    ways = ", ".join(f"from {source} to {party}" for source, party in fault.ways)
    noun = "ways" if len(fault.ways) > 1 else "way"
    yield from wrapped(plain(f"concerns the {noun} {ways}"), width, "  ", "    ")
    for sentence in fault.evidence:
        yield from wrapped(plain(f"evidence: {sentence}"), width, "  ", "    ")
    step = plain(_next(fault, found))
    # A command is not wrapped, so that it can be copied.
    yield from (f"  -> {typed(step)}",) if step.startswith("fatecloud ") else wrapped(step, width, "  -> ", "     ")


def _next(fault: Fault, found: Diagnosis) -> str:
    if fault.place in _ADVICE and not fault.side:
        return _ADVICE[fault.place]
    ours = {party for side in found.sides if side.ours for party in side.parties}
    if fault.side in ours:
        return f"fatecloud check {_owner(fault)}/"
    return f"send party {fault.side} these lines"


def _owner(fault: Fault) -> str:
    """Whose services to look at: those of a group, where an exchange of it is at fault."""
    return fault.subject.partition("/")[0] if fault.place == "exchange" else fault.side


def _summary(found: Diagnosis) -> str:
    one, other = found.between
    if found.faults:
        number = len(found.faults)
        certain = sum(fault.certain for fault in found.faults)
        what = "fault" if number == 1 else "faults"
        return f"between {one} and {other}: {number} {what}, {certain} of them certain"
    if found.open:
        return f"between {one} and {other}: nothing is seen to be at fault, and not all could be found out"
    return f"between {one} and {other}: nothing is at fault, as both sides see it"


def diagnosis_document(found: Diagnosis) -> kinds.Diagnosis:
    """The same for programs."""
    return {
        "exit_status": found.exit_status,
        "between": list(found.between),
        "sides": [_side(side) for side in found.sides],
        "faults": [_fault_document(fault) for fault in found.faults],
        "open": list(found.open),
        "remarks": list(found.remarks),
    }


def _side(side: Side) -> kinds.DiagnosedSide:
    return {
        "parties": list(side.parties),
        "ours": side.ours,
        "fingerprint": side.fingerprint,
        "trusted": side.trusted,
        "taken": moment(side.taken),
        "age": round(side.age, 1),
        "program": side.program,
        "left_out": [{"section": section, "number": number} for section, number in side.left_out],
    }


def _fault_document(fault: Fault) -> kinds.DiagnosedFault:
    return {
        "place": fault.place,
        "side": fault.side,
        "subject": fault.subject,
        "ways": [{"from": source, "to": party} for source, party in fault.ways],
        "certain": fault.certain,
        "evidence": list(fault.evidence),
    }
