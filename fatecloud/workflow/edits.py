"""Shows what was edited by hand in the files of a plan: the nodes compare, so that no secret leaves them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from fatecloud.collect.drift import EditedFile, read_drift
from fatecloud.errors import TransportError
from fatecloud.model.node import Node
from fatecloud.model.observed import Observed
from fatecloud.model.plan import FileChange, Plan
from fatecloud.render.placeholders import UnknownSecretError, fill, names
from fatecloud.transport.parallel import on_all
from fatecloud.workflow.needed_secrets import values_on_nodes
from fatecloud.workflow.observe import manifests
from fatecloud.workflow.session import Session

_DEADLINE = 60.0
"""Seconds for all nodes together."""


def with_edits(session: Session, observed: Observed, plan: Plan) -> Plan:
    """The plan, with the differences of its drifted files from what was deployed last."""
    if not plan.drifted:
        return plan
    records = manifests(observed)
    asked: dict[str, list[EditedFile]] = {}
    for change in plan.drifted:
        asked.setdefault(change.node, []).append(_edited(session, change, records[change.node].get("files", {})))

    def ask(node: Node) -> dict[str, str]:
        transport = session.access.connect(node)
        try:
            return read_drift(transport, node, asked[node.name])
        finally:
            transport.close()

    answers = on_all([session.cluster.nodes[name] for name in asked], ask, _DEADLINE)
    return replace(plan, files=tuple(_shown(session, change, answers) for change in plan.files))


def _shown(session: Session, change: FileChange, answers: Mapping[str, dict[str, str] | TransportError]) -> FileChange:
    if not change.drifted:
        return change
    answer = answers[change.node]
    # The plan is useful without this difference.
    text = f"not shown: {answer.message}" if isinstance(answer, TransportError) else answer[change.path]
    return replace(change, edited=session.redact(text))


def _edited(session: Session, change: FileChange, recorded: dict[str, dict[str, str]]) -> EditedFile:
    digest = recorded.get(change.path, {}).get("digest", "")
    desired = {file.path: file for file in session.desired.files.get(change.node, ())}.get(change.path)
    # Only of the text that was deployed last is it known which lines hold a secret, and what is in them.
    if desired is None or desired.digest != digest:
        return EditedFile(change.path, digest, None)
    lines = [line for line in desired.text.split("\n") if names(line)]
    try:
        # While a secret rotates, the file may have its current value or its next one.
        filled = [
            fill(line, values)
            for line in lines
            for values in (session.vault.secrets.current, values_on_nodes(session.desired, session.vault.secrets))
        ]
    except UnknownSecretError:
        return EditedFile(change.path, digest, None)
    return EditedFile(change.path, digest, tuple(part for line in filled for part in line.split("\n")))
