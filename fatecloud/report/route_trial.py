"""Ways between parties that were tried, as text and as a document."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.model.routes import FLOW
from fatecloud.model.tried import Trial, TriedHop, TriedWay
from fatecloud.plain import plain
from fatecloud.report.commands import typed
from fatecloud.report.kinds.route_trial import RouteTest, TriedHopDocument, TriedWayDocument
from fatecloud.report.wrap import table, wrapped

_NO_WAY = "nothing to try: no party here has a way to another one"
_PEER = "peer:"


def trial_text(trial: Trial, width: int) -> str:
    """A paragraph for each way, and how many of them work."""
    if not trial.ways:
        return _NO_WAY
    paragraphs = ["\n".join(_way(way, width)) for way in trial.ways]
    lines = [line for text in (_summary(trial), *trial.runs) for line in wrapped(plain(text), width, "", "    ")]
    return "\n\n".join([*paragraphs, "\n".join(lines)])


def _summary(trial: Trial) -> str:
    stopped, unknown = (sum(way.works is state for way in trial.ways) for state in (False, None))
    tried = f"{len(trial.ways)} ways tried" if len(trial.ways) > 1 else "1 way tried"
    if not stopped and not unknown:
        return f"{tried}: all work as far as that can be seen from here"
    parts = [f"{stopped} stop{'s' if stopped == 1 else ''}"] if stopped else []
    parts += [f"{unknown} could not be tried to the end"] if unknown else []
    return f"{tried}: {', '.join(parts)}"


def _way(way: TriedWay, width: int) -> Iterator[str]:
    carries = " and ".join("requests" if role == FLOW else "data of tasks" for role in way.roles)
    verdict = {True: "works", False: "stops", None: "not known"}[way.works]
    yield from wrapped(plain(f"from {way.source} to {way.party}, {carries}: {verdict}"), width, "", "    ")
    rows = [(f"  {number}", plain(_step(hop)), hop.state) for number, hop in enumerate(way.hops, 1)]
    yield from table(rows, width)
    for number, hop in enumerate(way.hops, 1):
        if hop.error and hop.state != "theirs":
            yield from wrapped(plain(f"hop {number}: {hop.error}"), width, "  ", "    ")
    if stop := way.stop:
        for sentence in stop.evidence:
            yield from wrapped(plain(f"evidence: {sentence}"), width, "  ", "    ")
        yield from wrapped(plain(f"look {_where(way, stop)}"), width, "  ", "    ")
        step = plain(_next(way, stop))
        # A command is not wrapped, so that it can be copied.
        yield from (f"  -> {typed(step)}",) if step.startswith("fatecloud ") else wrapped(step, width, "  -> ", "     ")


def _step(hop: TriedHop) -> str:
    return f"{hop.source} -> {hop.target}" + (f" at {hop.endpoint}" if hop.endpoint else "")


def _own(way: TriedWay) -> str:
    """The party whose side `own` is."""
    return way.party if way.hops[0].source.startswith(_PEER) else way.source


def _where(way: TriedWay, stop: TriedHop) -> str:
    return {
        "own": f"at the nodes of party {_own(way)}",
        "network": "at the network in between",
        "exchange": f"at the exchange, {_hub(way)}",
        "other-router": f"at the router of party {way.party}",
        "other-end": f"behind the router of party {way.party}: {stop.target}",
    }[stop.look]


def _next(way: TriedWay, stop: TriedHop) -> str:
    """What to do about it."""
    if stop.look == "network":
        return f"ask who runs the network between {stop.source} and {stop.target}, with these lines"
    if stop.look == "exchange":
        return f"fatecloud check {_hub(way).partition('/')[0]}/"
    if stop.look == "own":
        return f"fatecloud check {_own(way)}/"
    outside = not stop.target.startswith(f"{way.party}/")
    return f"send party {way.party} these lines" if outside else f"fatecloud check {way.party}/"


def _hub(way: TriedWay) -> str:
    """The exchange on the way: the one service that is of neither party."""
    ends = (_PEER, f"{way.source}/", f"{way.party}/")
    return next((hop.target for hop in way.hops if not hop.target.startswith(ends)), "")


def trial_document(trial: Trial) -> RouteTest:
    """The same for programs."""
    items = [_document(way) for way in trial.ways]
    return {"exit_status": trial.exit_status, "runs": list(trial.runs), "items": items}


def _document(way: TriedWay) -> TriedWayDocument:
    return {
        "from": way.source,
        "to": way.party,
        "roles": list(way.roles),
        "works": way.works,
        "hops": [_hop(hop) for hop in way.hops],
    }


def _hop(hop: TriedHop) -> TriedHopDocument:
    return {
        "source": hop.source,
        "target": hop.target,
        "endpoint": hop.endpoint,
        "state": hop.state,
        "kind": hop.kind,
        "error": hop.error,
        "look": hop.look,
        "evidence": list(hop.evidence),
    }
