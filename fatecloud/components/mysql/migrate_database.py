"""Runs on the node: dumps a service's database, changes it, verifies the change, or loads a dump.

`migrate_database.py VERB LOGIN CHANGE`: the verb is `dump` (SQL on standard output), `migrate`, `verify` or `load`
(such SQL from standard input); the two others are files. It needs neither the server's programs nor its machine: it is
a session of the service's account, so it works with a server that others run, too.

A dump has one statement on each line, and brings back every table that there is with its rows. What it cannot bring
back, views and triggers, it refuses to dump.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

from fatecloud.components.mysql.wire import NoPlainLogin, NotMysql, Session, SqlError

SECONDS = 600.0
"""For a single answer: a change of a large table sends nothing until it is done."""
HEAD = (
    "SET NAMES utf8mb4",
    "SET SESSION time_zone = '+00:00'",
    "SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO'",
    "SET SESSION foreign_key_checks = 0",
)
"""Of each session: what is dumped means the same when it is loaded."""
BATCH = 256 << 10
"""Bytes of rows in a statement; the smallest `max_allowed_packet` that is accepted is larger."""
COLUMNS = """SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = database()
  AND table_name = {} AND extra NOT LIKE '%GENERATED%' ORDER BY ordinal_position"""
_BINARY = ("binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob", "bit", "geometry")
_ESCAPED = str.maketrans({"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\0": "\\0", "\x1a": "\\Z"})


def text_of(value: str | None) -> str:
    """A text as a literal without a line break."""
    return "NULL" if value is None else f"'{value.translate(_ESCAPED)}'"


def name_of(name: object) -> str:
    """A name as SQL."""
    return "`{}`".format(str(name).replace("`", "``"))


def dump(session: Session, change: dict[str, Any]) -> Iterator[str]:
    """The statements that bring the tables back."""
    del change
    session.rows("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    # All tables as they are at one moment, without a lock.
    session.rows("START TRANSACTION WITH CONSISTENT SNAPSHOT")
    kinds = session.rows("SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = database()")
    others = [str(name) for name, kind in kinds if kind != "BASE TABLE"]
    others += [str(row[0]) for row in session.rows("SHOW TRIGGERS")]
    if others:
        raise SystemExit(f"it has views or triggers, which this dump cannot bring back: {', '.join(sorted(others))}")
    yield from HEAD
    for table in sorted(str(name) for name, _ in kinds):
        yield f"DROP TABLE IF EXISTS {name_of(table)}"
        ((_, made),) = session.rows(f"SHOW CREATE TABLE {name_of(table)}")
        # One statement on each line, so that a load needs no parser of SQL.
        yield str(made).replace("\n", " ")
        yield from _inserts(session, table)


def _inserts(session: Session, table: str) -> Iterator[str]:
    columns = session.rows(COLUMNS.format(text_of(table)))
    binary = [str(kind).lower() in _BINARY for _, kind in columns]
    names = [name_of(name) for name, _ in columns]
    asked = ", ".join(f"hex({name})" if is_binary else name for name, is_binary in zip(names, binary))  # noqa: B905
    question = f"SELECT {asked} FROM {name_of(table)}"  # noqa: S608 - names are quoted
    head = "INSERT INTO {} ({}) VALUES ".format(name_of(table), ", ".join(names))  # noqa: S608 - likewise
    rows: list[str] = []
    size = 0
    for row in session.each(question):
        # Bytes travel as hexadecimal digits: as text they would be read in the session's character set.
        values = [_literal(value, is_binary) for value, is_binary in zip(row, binary)]  # noqa: B905 - see `wire`
        rows.append(f"({', '.join(values)})")
        size += len(rows[-1])
        if size > BATCH:
            yield head + ", ".join(rows)
            rows, size = [], 0
    if rows:
        yield head + ", ".join(rows)


def _literal(value: str | None, is_binary: bool) -> str:  # noqa: FBT001
    if is_binary and value is not None:
        return f"0x{value}" if value else "''"
    return text_of(value)


def migrate(session: Session, change: dict[str, Any]) -> Iterator[str]:
    """Each statement whose question does not find it done."""
    for step in change["steps"]:
        # MySQL commits each change of a table by itself, so a run that was killed may be between any two.
        if not _holds(session, step["done"]):
            session.rows(step["sql"])
            yield f"done: {step['sql']}"


def verify(session: Session, change: dict[str, Any]) -> Iterator[str]:
    """Each question whose answer must be true."""
    wrong = []
    for question in change["verify"]:
        try:
            wrong += [] if _holds(session, question) else [f"not true: {question}"]
        except SqlError as error:
            wrong.append(f"{error}: {question}")
    if wrong:
        raise SystemExit("\n".join(wrong))
    yield f"true: {len(change['verify'])} questions"


def load(session: Session, change: dict[str, Any]) -> Iterator[str]:
    """The statements of a dump."""
    del change
    count = 0
    for line in sys.stdin:
        if line.strip():
            session.rows(line.rstrip().rstrip(";"))
            count += 1
    yield f"{count} statements"


def _holds(session: Session, question: str) -> bool:
    """Whether the first value of an answer is there, and neither NULL nor 0."""
    rows = session.rows(question)
    return bool(rows) and rows[0][0] not in (None, "0", "")


VERBS: dict[str, Callable[[Session, dict[str, Any]], Iterator[str]]] = {
    "dump": dump,
    "migrate": migrate,
    "verify": verify,
    "load": load,
}


def main(verb: str, login: str, change: str) -> None:
    """Do one of them, and print what it yields."""
    known, wanted = (json.loads(_text(path)) for path in (login, change))
    session = Session(known["where"], known["user"], known["password"], SECONDS)
    try:
        for statement in (*HEAD, f"USE {name_of(known['database'])}"):
            session.rows(statement)
        end = ";\n" if verb == "dump" else "\n"
        for line in VERBS[verb](session, wanted):
            sys.stdout.buffer.write((line + end).encode("utf-8", "surrogateescape"))
    finally:
        session.close()


def _text(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()


if __name__ == "__main__":
    try:
        main(*sys.argv[1:4])
    except (OSError, NotMysql, NoPlainLogin, SqlError) as problem:
        sys.exit(f"{type(problem).__name__}: {problem}")
