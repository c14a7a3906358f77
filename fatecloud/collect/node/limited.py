"""The collector as it is installed for a login that may run nothing else as root.

Standard input: one JSON object. `want` (names of facts), `probes` (whether to ask the services), `deadline` (seconds).
What is read, and which services are asked, is in the spec that a deploy wrote: a caller can only leave parts of it out.
"""

import json
import signal
import sys
from typing import Any, Dict

from . import main as collector
from .opening import LARGEST, text_in

_MOST = 1 << 16
_LONGEST = 60.0
"""Seconds of a deadline."""
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
    if not isinstance(asked, dict) or set(asked) - {"want", "probes", "deadline"}:
        raise ValueError("the question must have want, probes and deadline, and nothing else")
    want, deadline = asked.get("want", []), asked.get("deadline", spec["deadline"])
    if not isinstance(want, list) or not all(isinstance(name, str) for name in want):
        raise ValueError("want must be a list of names")
    if isinstance(deadline, bool) or not isinstance(deadline, (int, float)) or not 0 < deadline <= _LONGEST:
        raise ValueError("deadline must be a number of seconds, at most %g" % _LONGEST)
    allowed = spec["want"]
    kept = [name for name in allowed if name in want] if want else allowed
    if not kept:  # for the collector, no names are all names
        raise ValueError("want must have names of what may be read")
    probes = spec["probes"] if asked.get("probes") is True else []
    return dict(spec, want=kept, probes=probes, deadline=deadline)
