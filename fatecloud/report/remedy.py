"""A remedy as a document for programs."""

from __future__ import annotations

from fatecloud.model.remedy import Edit, Remedy, Run
from fatecloud.report.commands import typed
from fatecloud.report.kinds.finding import RemedyDocument


def remedy_document(remedy: Remedy) -> RemedyDocument:
    """A remedy, with its commands as they can be typed here."""
    text, instead = typed(str(remedy)), remedy.instead
    if isinstance(remedy, Run):
        return {
            "type": "run",
            "text": text,
            "command": typed(remedy.command),
            "node": remedy.node,
            "root": remedy.root,
            "looks": remedy.looks,
            "when": remedy.when,
            "instead": instead,
        }
    if isinstance(remedy, Edit):
        change = typed(remedy.change)
        return {
            "type": "edit",
            "text": text,
            "file": remedy.file,
            "node": remedy.node,
            "change": change,
            "instead": instead,
        }
    return {"type": "ask", "text": text, "whom": remedy.whom, "what": typed(remedy.what), "instead": instead}
