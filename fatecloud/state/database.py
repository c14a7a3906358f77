"""The file with a cluster's history: SQLite, readable by its owner only."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from fatecloud.errors import RunError

FILE = "state.db"
REMEDY = "make room, or use another --state-dir"

_SCHEMA = """
create table if not exists runs (
  id text primary key, verb text not null, who text not null, origin text not null, argv text not null,
  started real not null, ended real, outcome text
);
create table if not exists nodes (
  address text not null, port integer not null, base text not null, machine text not null, name text not null,
  services text not null, primary key (address, port, base, machine)
);
create table if not exists series (
  subject text not null, name text not null, samples text not null, primary key (subject, name)
);
create table if not exists timings (series text not null, at real not null, seconds text not null);
create table if not exists cluster (name text not null, inventory text not null);
"""


def execute(directory: Path, *statements: tuple[str, tuple[object, ...]]) -> list[tuple[Any, ...]]:
    """Run statements in one transaction, and return the rows of the last one.

    Args:
        directory: the cluster's state directory.
        statements: SQL and its values.

    Raises:
        RunError: the file cannot be written, or is not a history.
    """
    file = directory / FILE
    try:
        # Before SQLite makes it with the umask's mode: the history names machines and commands.
        file.touch(mode=0o600)
        rows: list[tuple[Any, ...]] = []
        with closing(sqlite3.connect(file, timeout=10)) as connection:
            connection.executescript(_SCHEMA)
            with connection:
                for statement, values in statements:
                    rows = connection.execute(statement, values).fetchall()
    except (OSError, sqlite3.Error) as error:
        raise RunError(f"the history {file} cannot be written: {error}", remedy=REMEDY) from error
    return rows


def select(directory: Path, table: str, statement: str) -> list[tuple[Any, ...]]:
    """Rows of a history. It does not create the file if there is none.

    Args:
        directory: the cluster's state directory.
        table: the table that the statement reads; there are no rows if it does not exist yet.
        statement: SQL.

    Raises:
        RunError: the file cannot be read, or is not a history.
    """
    file = directory / FILE
    try:
        if not file.exists():
            return []
        # Reading verbs change nothing, not even the file's time.
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=10)) as connection:
            known = connection.execute("select 1 from sqlite_master where name = ?", (table,)).fetchone()
            return connection.execute(statement).fetchall() if known else []
    except (OSError, sqlite3.Error) as error:
        raise RunError(f"the history {file} cannot be read: {error}", remedy=REMEDY) from error
