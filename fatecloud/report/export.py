"""An export as the document that is signed and written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from fatecloud.model.api import API_VERSION
from fatecloud.model.export import FORMAT, Export, SeenFault, SeenWay
from fatecloud.report.envelope import moment

KIND = "CheckExport"


def export_document(export: Export) -> dict[str, Any]:
    """All of it but the signature."""
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "format": FORMAT,
        "parties": list(export.parties),
        "partner": export.partner,
        "program": export.program,
        "tag": export.tag,
        "taken": moment(export.taken),
        "architecture": export.architecture,
        "releases": dict(export.releases),
        "changing": export.changing,
        "ways": [_way(one) for one in export.ways],
        "findings": [_finding(one) for one in export.faults],
        "services": [asdict(one) for one in export.services],
        "nodes": [asdict(one) for one in export.nodes],
        "routes": [asdict(one) for one in export.routes],
        "edges": [asdict(one) for one in export.edges],
        "left_out": [{"section": section, "number": number} for section, number in export.left_out.items()],
    }


def signed_part(document: Mapping[str, Any]) -> bytes:
    """The bytes that a signature covers: one form for one content, so that a file may be laid out again."""
    rest = {name: value for name, value in document.items() if name != "signature"}
    return json.dumps(rest, sort_keys=True, separators=(",", ":")).encode()


def export_text(document: Mapping[str, Any], signature: str) -> str:
    """The file."""
    return json.dumps({**document, "signature": signature}, indent=1).replace("\x7f", "\\u007f") + "\n"


def _way(one: SeenWay) -> dict[str, Any]:
    hops = [{name: value for name, value in asdict(hop).items() if name != "evidence"} for hop in one.way.hops]
    return {
        "from": one.way.source,
        "to": one.way.party,
        "roles": list(one.way.roles),
        "signed": one.signed,
        "hops": hops,
    }


def _finding(one: SeenFault) -> dict[str, Any]:
    began = None if one.began is None else moment(one.began)
    return {**asdict(one), "about": list(one.about), "caused_by": list(one.caused_by), "began": began}
