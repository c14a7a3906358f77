"""An exchange with a flow by a small script on its node."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from fatecloud.components.flow.exchange import NO_ANSWER, REFUSED, FlowApiError, Query
from fatecloud.components.script import script_text
from fatecloud.model.jobs import Run
from fatecloud.plain import harmless


class NodeExchange:
    """Works also where flow listens on loopback, or where sshd forbids forwarding; see `exchange.Exchange`.

    Args:
        run: runs a command on flow's node.
        url: where flow listens as seen from the node, for example `http://127.0.0.1:9380`.
        script: makes the exchange there, in the way of a generation: below the package of flow.
        settings: path of flow's own settings on the node, to sign requests with; empty if it is not known.
        python: the interpreter on the node.
    """

    def __init__(self, run: Run, url: str, script: str, *, settings: str = "", python: str = "python3") -> None:
        self._run = run
        self._settings = settings
        self._url = url.rstrip("/")
        self._argv = (python, "-IS", "-c", script_text("flow", script))

    def __call__(
        self, method: str, path: str, *, query: Query | None, body: Mapping[str, Any] | None, timeout: float
    ) -> Mapping[str, Any]:
        """Return flow's envelope."""
        request = {"method": method, "url": self._url + path, "query": query, "body": body, "timeout": timeout}
        request["settings"] = self._settings
        output = self._run(self._argv, json.dumps(request).encode(), timeout + 10).decode(errors="replace")
        try:
            answer = harmless(json.loads(output))
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict):
            raise FlowApiError(NO_ANSWER, f"the exchange script printed {output[:200]!r}", path)
        if "error" in answer:
            raise FlowApiError(REFUSED if answer.get("refused") else NO_ANSWER, str(answer["error"]), path)
        if not isinstance(answer.get("body"), dict):
            raise FlowApiError(NO_ANSWER, f"HTTP {answer.get('status')} without a JSON object", path)
        return dict(answer["body"])
