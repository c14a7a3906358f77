"""ansible-runner's events -> ours, redacted on the way."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from fatecloud.model.event import Event, Listener
from fatecloud.plain import harmless, plain, plain_word
from fatecloud.runner.outcome import TaskFailure

_KEPT_LINES = 20
_LONGEST = 256 * 1024
"""Characters of one text in a result; the text of a node's file or log has fewer."""
_SHOWN = 16 * 1024
"""Characters of a message, or of what a failed task printed, that people get to read."""
_GATE = "Stop here when a node failed before"
"""Task of the playbooks that fails on healthy nodes because another node failed: never a cause itself."""
_NODE = "node"
"""What modules that serve a node as well as a service call the node itself."""
_CRASHED = ("MODULE FAILURE", "Module result deserialization failed", "Task failed: Module result deserialization")
"""How Ansible's own message begins if a module printed no answer; the module's output says more."""
_NOISE = (
    "_ansible",
    "invocation",
    "exception",
    "ansible_facts",
    "stdout_lines",
    "stderr_lines",
    "diff",
    "warnings",
    "deprecations",
)


class Translator:
    """Listens to one run: passes events on, and remembers what an outcome needs.

    Args:
        listener: gets our events.
        redact: takes secrets out of a text.
    """

    def __init__(self, listener: Listener, redact: Callable[[str], str]) -> None:
        self._listener = listener
        self._redact = redact
        self.failed: list[TaskFailure] = []
        self.unreachable: dict[str, str] = {}
        self.changed: dict[str, int] = {}
        self.output: list[str] = []

    def __call__(self, event: Mapping[str, Any]) -> bool:
        """Take one event. Returns False, so that the runner keeps no files of its own about it."""
        # The names are the runner's. Versions of it have more events than we use.
        handler = getattr(self, "_" + event.get("event", ""), None)
        if handler is not None:
            handler(event.get("event_data", {}))
        elif event.get("event") in ("verbose", "error", "warning", "deprecated", "system_warning"):
            self._outside(event.get("stdout", ""))
        return False

    def _outside(self, text: str) -> None:
        lines = [plain(line) for line in _cut(self._redact(text)).splitlines() if line.strip()]
        self.output = (self.output + lines)[-_KEPT_LINES:]

    def _playbook_on_play_start(self, data: Mapping[str, Any]) -> None:
        self._listener(Event("step", self._redact(data.get("name") or data.get("play") or "")))

    def _playbook_on_task_start(self, data: Mapping[str, Any]) -> None:
        self._listener(Event("task", self._redact(data.get("task") or "")))

    def _runner_on_start(self, data: Mapping[str, Any]) -> None:
        self._listener(Event("begun", self._redact(data.get("task") or ""), node=data["host"]))

    def _runner_on_ok(self, data: Mapping[str, Any]) -> None:
        result = self._clean(data)
        changed = bool(result.get("changed"))
        if changed:
            self.changed[data["host"]] = self.changed.get(data["host"], 0) + 1
        self._tell("changed" if changed else "ok", data, result)
        if note := plain(str(result.get("note") or "")):
            self._listener(Event("note", f"{_service(result) or data['host']}: {note}", node=data["host"]))

    def _runner_on_failed(self, data: Mapping[str, Any]) -> None:
        if data.get("ignore_errors"):
            return
        result = self._clean(data)
        if data.get("task") == _GATE:
            self._listener(Event("note", _message(result)))
            return
        self.failed.append(TaskFailure(data["host"], data.get("task", ""), _message(result), _service(result), result))
        self._tell("failed", data, result)

    def _runner_on_unreachable(self, data: Mapping[str, Any]) -> None:
        result = self._clean(data)
        self.unreachable[data["host"]] = _message(result)
        self._tell("unreachable", data, result)

    def _tell(self, kind: Any, data: Mapping[str, Any], result: Mapping[str, Any]) -> None:
        text = self._redact(data.get("task") or "")
        if kind in ("failed", "unreachable"):
            text = f"{text}: {_message(result)}"
        detail = json.dumps(result, sort_keys=True) if kind == "changed" else _printed(result) if kind != "ok" else ""
        self._listener(Event(kind, text, node=data["host"], service=_service(result), detail=_cut(detail)))

    def _clean(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """The module's answer without Ansible's own noise, redacted."""
        kept = {k: v for k, v in data.get("res", {}).items() if not k.startswith(_NOISE)}
        try:
            found = json.loads(json.dumps(kept, default=str), object_hook=self._redact_keys)
        except RecursionError:
            found = {"msg": "the node gave a result that is nested too deep"}
        return dict(found)

    def _redact_keys(self, found: dict[str, Any]) -> dict[str, Any]:
        return {plain(_cut(self._redact(key))): self._redact_value(value) for key, value in found.items()}

    def _redact_value(self, value: Any) -> Any:
        if isinstance(value, str):
            return harmless(_cut(self._redact(value)))
        return [self._redact_value(item) for item in value] if isinstance(value, list) else value


def _cut(text: str, longest: int = _LONGEST) -> str:
    """A text of a node, not endless: the beginning says what happened, the end how it ended."""
    if len(text) <= longest:
        return text
    half = longest // 2
    return f"{text[:half]}\n... ({len(text) - longest} characters left out) ...\n{text[-half:]}"


def _service(result: Mapping[str, Any]) -> str:
    """Key of the service that a task was about; empty for what is the node's own."""
    service = plain_word(result.get("service"))
    return "" if service == _NODE else service


def _printed(result: Mapping[str, Any]) -> str:
    """The last lines that a failed task printed. The `lines` of a service's log come with the error at the end."""
    lines = _printed_by(result)
    return _cut("\n".join(lines[-_KEPT_LINES:]), _SHOWN) if lines != [_message(result)] else ""


def _printed_by(result: Mapping[str, Any]) -> list[str]:
    texts = (str(result.get(key, "")).strip() for key in ("stderr", "module_stderr", "stdout", "module_stdout"))
    return next((text.splitlines() for text in texts if text), [])


def _message(result: Mapping[str, Any]) -> str:
    if str(result.get("msg", "")).startswith(_CRASHED) and (printed := _printed_by(result)):
        return _cut(f"a fatecloud task crashed: {printed[-1].strip()}", _SHOWN)
    for key in ("msg", "stderr", "module_stderr", "reason"):
        text = str(result.get(key, "")).strip()
        if text:
            line = text.splitlines()[-1] if key.endswith("stderr") else text
            # Ansible's own wrapping, and the colon before a message that ssh did not print.
            return _cut(line.removeprefix("Task failed: ").removeprefix("Module failed: ").rstrip(": "), _SHOWN)
    return "it failed without a message"
