"""The collector as it is installed for a login that may run nothing else as root.

Standard input: one JSON object. `want` (names of facts), `probes` (whether to ask the services, or ids of the questions
to ask), `deadline` (seconds), `patience` (how many times as long as usual each service may take).
What is read, and which services are asked, is in the spec that a deploy wrote: a caller can only leave parts of it out.
"""

import json
import signal
import sys
from typing import Any, Dict, List

from . import main as collector
from .opening import LARGEST, text_in

_MOST = 1 << 16
LONGEST, MOST_PATIENCE = 60.0, 4.0
"""Seconds of a deadline, and how many times as long as usual a service may take."""
_LIFE = 90
"""Seconds after which it ends, also where its caller neither asks nor reads: else these could be any number."""


def main(place: str) -> None:
    """Read what the spec at this place names, as far as it is asked for."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGALRM})
    signal.alarm(_LIFE)
    try:
        spec = json.loads(text_in(place, LARGEST, believed=True))
        spec = narrowed(spec, json.loads(sys.stdin.read(_MOST)))
    except (OSError, ValueError, RecursionError) as error:
        sys.exit("%s" % (getattr(error, "strerror", None) or error))
    collector.main(spec)


def narrowed(spec: Dict[str, Any], asked: Any) -> Dict[str, Any]:
    """The spec without what was not asked for. Raises ValueError for a question of another form."""
    if not isinstance(asked, dict) or set(asked) - {"want", "probes", "deadline", "patience"}:
        raise ValueError("the question must have want, probes, deadline and patience, and nothing else")
    want, deadline = asked.get("want", []), asked.get("deadline", spec["deadline"])
    if not isinstance(want, list) or not all(isinstance(name, str) for name in want):
        raise ValueError("want must be a list of names")
    if not _is_number(deadline) or not 0 < deadline <= LONGEST:
        raise ValueError("deadline must be a number of seconds, at most %g" % LONGEST)
    patience = asked.get("patience", 1)
    if not _is_number(patience) or not 1 <= patience <= MOST_PATIENCE:
        raise ValueError("patience must be a number from 1 to %g" % MOST_PATIENCE)
    allowed = spec["want"]
    kept = [name for name in allowed if name in want] if want else allowed
    if not kept:  # for the collector, no names are all names
        raise ValueError("want must have names of what may be read")
    probes = _asked(spec["probes"], asked.get("probes", False))
    if patience > 1:
        probes = [dict(probe, timeout=probe["timeout"] * patience, patience=patience) for probe in probes]
    return dict(spec, want=kept, probes=probes, deadline=deadline)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _asked(probes: List[Dict[str, Any]], which: Any) -> List[Dict[str, Any]]:
    if isinstance(which, bool):
        return probes if which else []
    if not isinstance(which, list) or not all(isinstance(name, str) for name in which):
        raise ValueError("probes must be true, false or a list of ids")
    return [probe for probe in probes if probe["id"] in which]
