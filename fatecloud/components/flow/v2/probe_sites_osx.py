"""Runs on flow's node: do this party and the others know each other by their apps? The question goes through OSX."""

from __future__ import annotations

import functools
import json
import sys

from fatecloud.components.flow.v2.probe_sites import SECONDS, judge
from fatecloud.components.flow.v2.task_question import body_for
from fatecloud.components.osx.messages import commanded
from fatecloud.probing.dialing import address_of


def through_osx(own: str, proxy: str, party: str, headers: dict[str, str]) -> bytes:
    """A flow's answer to a question that OSX passes on. Raises OSError."""
    answer, body = commanded(*address_of(proxy), own, party, headers, body_for(party), seconds=SECONDS)
    if not answer["ok"]:
        raise ConnectionError(answer["error"])
    return body


if __name__ == "__main__":
    own, *arguments = sys.argv[1:]
    sys.stdout.write(json.dumps(judge(arguments, functools.partial(through_osx, own))) + "\n")
