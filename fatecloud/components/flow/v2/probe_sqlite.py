"""Runs on the node: does flow's SQLite file exist, intact and unlocked? It is opened read-only."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from fatecloud.probing.patience import patient

BUSY_SECONDS = 3.0
WAL = 2


def tables(path: str) -> int | None:
    """How many there are; None where this interpreter was built without SQLite. Raises sqlite3.Error."""
    try:
        import sqlite3  # noqa: PLC0415 - without it the file's own state can still be reported
    except ImportError:
        return None
    plain = path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    # If no process has a database with a write-ahead log open, even a reader would leave the log's files behind.
    alone = "&immutable=1" if _logs_ahead(path) and not os.path.exists(f"{path}-wal") else ""
    connection = sqlite3.connect(f"file:{plain}?mode=ro{alone}", uri=True, timeout=patient(BUSY_SECONDS))
    try:
        return int(connection.execute("select count(*) from sqlite_master where type = 'table'").fetchone()[0])
    finally:
        connection.close()


def _logs_ahead(path: str) -> bool:
    """By the file format's version for readers, https://www.sqlite.org/fileformat2.html#file_format_version_numbers."""
    with open(path, "rb") as file:
        return file.read(20)[19:] == bytes([WAL])


def judge(path: str) -> dict[str, Any]:
    """Look at the file and into it."""
    about = {"engine": "sqlite", "where": path}
    folder = os.path.dirname(path)
    if not os.access(folder, os.W_OK):
        return {**about, "ok": False, "kind": "readonly", "error": f"{folder} cannot be written to"}
    if not os.path.exists(path):
        return {**about, "ok": False, "kind": "schema", "error": f"{path} does not exist; flow creates it"}
    try:
        return {**about, "ok": True, "tables": tables(path), "bytes": os.path.getsize(path)}
    except Exception as error:  # noqa: BLE001 - sqlite3.Error has no name where there is no sqlite3
        kind = "locked" if "locked" in str(error) else "broken"
        return {**about, "ok": False, "kind": kind, "error": f"{type(error).__name__}: {error}"}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(judge(sys.argv[1])) + "\n")
