"""The envelope of everything that programs read: `-o json` and `-o yaml` print the same document.

Each document has `apiVersion` and `kind`; `report/kinds.py` describes what else a kind has, and
`docs/reference/output.schema.json` publishes it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime

API_VERSION = "fatecloud/v1"


def document_text(kind: str, body: Mapping[str, object], output: str, *, stream: bool = False) -> str:
    """A document as text, in ASCII so that nothing in it reaches a terminal as a control character.

    Args:
        kind: one of `report.kinds.KINDS`.
        body: what the kind has.
        output: `json` or `yaml`.
        stream: whether more documents follow: one line each in JSON, separated by `---` in YAML.

    Returns:
        The text without its last line break.
    """
    document = {"apiVersion": API_VERSION, "kind": kind, **body}
    if output == "json":
        return json.dumps(document, indent=None if stream else 2)
    import yaml  # noqa: PLC0415 - a fifth of a second that JSON does not need

    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    text: str = yaml.dump(document, Dumper=dumper, sort_keys=False, width=120, explicit_start=stream)
    return text.rstrip("\n")


def moment(seconds: float) -> str:
    """Seconds since the epoch as a time in UTC: `2026-11-28T17:14:32.120Z`."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
