"""Runs on the node under flow's interpreter: which parties' brokers does flow's route table hold?"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any


def judge(path: Path) -> dict[str, Any]:
    """The table as a task would read it: party -> host:port."""
    try:
        with path.open(encoding="utf-8") as file:
            table = importlib.import_module("ruamel.yaml").safe_load(file) or {}
        routes = {str(party): f"{entry['host']}:{entry['port']}" for party, entry in table.items()}
    except OSError as error:
        return {"ok": False, "kind": "absent", "error": f"{path}: {error.strerror}"}
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        return {"ok": False, "kind": "broken", "error": f"{path}: {type(error).__name__}: {error}"}
    return {"ok": True, "routes": routes}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(judge(Path(sys.argv[1]))) + "\n")
