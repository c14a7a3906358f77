"""The envelope of all output for programs: `-o json` and `-o yaml` print the same document.

Each document has `apiVersion` and `kind`. The types in `report/kinds/` describe the other fields of each kind, and
`docs/reference/output.schema.json` publishes them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime

from fatecloud.model.api import API_VERSION


def document_text(kind: str, body: Mapping[str, object], output: str, *, stream: bool = False) -> str:
    """A document as text, in ASCII so that no control character in it can reach a terminal.

    Args:
        kind: one of `report.kinds.published.KINDS`.
        body: the fields of the kind.
        output: `json` or `yaml`.
        stream: whether more documents follow: one line each in JSON, separated by `---` in YAML.

    Returns:
        The text without its last line break.
    """
    document = {"apiVersion": API_VERSION, "kind": kind, **body}
    if output == "json":
        # JSON itself lets DEL pass.
        return json.dumps(document, indent=None if stream else 2).replace("\x7f", "\\u007f")
    import yaml  # noqa: PLC0415 - takes a fifth of a second, and JSON does not need it

    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    text: str = yaml.dump(document, Dumper=dumper, sort_keys=False, width=120, explicit_start=stream)
    return text.rstrip("\n")


def moment(seconds: float) -> str:
    """Seconds since the epoch as a time in UTC: `2026-11-28T17:14:32.120Z`."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
