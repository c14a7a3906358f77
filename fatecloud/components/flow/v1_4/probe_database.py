"""Runs on the node under flow's interpreter: can flow's own account use the MySQL that flow is configured for?"""

from __future__ import annotations

import json
import sys
from typing import Any

from fatecloud.components.flow.own_database import mysql
from fatecloud.probing.libraries import configuration, use_libraries


def judge(path: str) -> dict[str, Any]:
    """Read flow's configuration as flow does and try the server that it names."""
    try:
        settings = configuration(path)["database"]
    except (OSError, KeyError, TypeError, ValueError) as error:
        return {"ok": False, "kind": "config", "error": f"{path}: {type(error).__name__}: {error}"}
    return {"engine": "mysql", **mysql(settings)}


if __name__ == "__main__":
    use_libraries(sys.argv[1])
    sys.stdout.write(json.dumps(judge(sys.argv[2])) + "\n")
