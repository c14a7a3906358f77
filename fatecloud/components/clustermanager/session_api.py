"""EggRoll's sessions, asked by a small script on the clustermanager's node; see `model.computing.SessionApi`."""

from __future__ import annotations

import json
from typing import Any

from fatecloud.components.clustermanager.manage_sessions import SECONDS
from fatecloud.components.script import script_text
from fatecloud.errors import FatecloudError
from fatecloud.model.computing import ComputingSession
from fatecloud.model.desired import DesiredService
from fatecloud.model.jobs import Run
from fatecloud.plain import harmless, plain_word

_PATIENCE = SECONDS + 15


class EggrollSessions:
    """Args: the clustermanager, and what runs commands on its node as its user."""

    def __init__(self, service: DesiredService, run: Run) -> None:
        self._key, self._facts, self._run = service.id.key, service.facts, run

    def sessions(self) -> tuple[ComputingSession, ...]:
        """Those that have not ended, the oldest first."""
        rows = self._asked("list", str(self._facts["settings"])).get("sessions")
        try:
            return tuple(
                ComputingSession(
                    str(row["id"]), str(row["status"]), int(row["total"]), int(row["active"]), float(row["age"])
                )
                for row in rows or ()
            )
        except (TypeError, ValueError, KeyError) as error:
            raise FatecloudError(f"{self._key}: its list of sessions has another form: {error!r}") from error

    def end(self, session: str) -> None:
        """End a session and its eggs."""
        host, _, port = str(self._facts["own"]).rpartition(":")
        self._asked("end", host, port, session)

    def _asked(self, *words: str) -> dict[str, Any]:
        script = script_text("clustermanager", "manage_sessions.py")
        output = self._run(("python3", "-IS", "-", *words), script.encode(), _PATIENCE).decode(errors="replace")
        try:
            answer = harmless(json.loads(output))
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict):
            raise FatecloudError(f"{self._key}: the script about sessions printed {plain_word(output, 200)!r}")
        if not answer.get("ok"):
            raise FatecloudError(f"{self._key}: {answer.get('error') or 'no answer'}")
        return answer
