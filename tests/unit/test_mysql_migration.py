"""A service's own database between two versions: dump, change, verify, load."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from component_world import FLOW, desired
from mysql_server import Server, refusal

from fatecloud.components.mysql import migrate_database
from fatecloud.components.mysql.database import database
from fatecloud.components.mysql.migration import Change, database_migration
from fatecloud.components.registry import components_of
from fatecloud.model.endpoint import Endpoint
from fatecloud.render.files import render_specs
from fatecloud.render.placeholders import fill
from fatecloud.resolve.placed import contexts_of
from fatecloud.shipped import folder

DONE = "select count(*) from columns"
ALTER = "alter table greeting add column lang varchar(8)"
TRUE = "select count(*) = 1 from greeting"
TABLES = "SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = database()"
COLUMNS = migrate_database.COLUMNS.format("'greeting'")
ROWS = "SELECT `id`, hex(`pic`), `word` FROM `greeting`"
ANSWERS: Mapping[str, Any] = {
    TABLES: [("greeting", "BASE TABLE")],
    "SHOW CREATE TABLE `greeting`": [("greeting", "CREATE TABLE `greeting` (\n  `id` int\n)")],
    COLUMNS: [("id", "int"), ("pic", "blob"), ("word", "varchar")],
    ROWS: [("1", "00FF", "it's\n\\"), ("2", None, None), ("3", "", "ü")],
}
Verb = Callable[..., str]


@pytest.fixture
def asked(tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> Verb:
    """Runs a verb against a server, and returns what it printed."""

    def run(verb: str, server: Server) -> str:
        with server.at() as where:
            login = {"where": where, "user": "greeter", "password": "s3cret", "database": "gr`eet"}
            change = {"steps": [{"done": DONE, "sql": ALTER}], "verify": [TRUE]}
            for name, document in (("login", login), ("change", change)):
                (tmp_path / name).write_text(json.dumps(document))
            migrate_database.main(verb, str(tmp_path / "login"), str(tmp_path / "change"))
        return capsysbinary.readouterr().out.decode()

    return run


def test_a_dump_has_each_statement_on_one_line_and_every_kind_of_value(asked: Verb) -> None:
    lines = asked("dump", Server(ANSWERS)).splitlines()
    assert lines[: len(migrate_database.HEAD)] == [f"{line};" for line in migrate_database.HEAD]
    assert lines[len(migrate_database.HEAD) :] == [
        "DROP TABLE IF EXISTS `greeting`;",
        "CREATE TABLE `greeting` (   `id` int );",
        (
            r"INSERT INTO `greeting` (`id`, `pic`, `word`) VALUES "
            r"('1', 0x00FF, 'it\'s\n\\'), ('2', NULL, NULL), ('3', '', 'ü');"
        ),
    ]


def test_a_dump_is_of_one_moment_and_in_the_services_own_database(asked: Verb) -> None:
    server = Server(ANSWERS)
    asked("dump", server)
    assert server.asked.index("USE `gr``eet`") < server.asked.index("START TRANSACTION WITH CONSISTENT SNAPSHOT")
    assert not [sql for sql in server.asked if sql.startswith(("INSERT", "DROP", "ALTER"))]


@pytest.mark.parametrize(
    "more",
    [{TABLES: [("greeting", "BASE TABLE"), ("words", "VIEW")]}, {"SHOW TRIGGERS": [("words", "INSERT", "greeting")]}],
)
def test_what_a_dump_cannot_bring_back_is_refused(asked: Verb, more: Mapping[str, Any]) -> None:
    with pytest.raises(SystemExit, match=r"cannot bring back: words"):
        asked("dump", Server({**ANSWERS, **more}))


def test_many_rows_become_statements_of_a_bounded_size(asked: Verb, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrate_database, "BATCH", 20)
    assert asked("dump", Server(ANSWERS)).count("INSERT INTO") == 2


@pytest.mark.parametrize(("done", "run"), [([("0",)], True), ([("1",)], False), ([("NULL",)], False), ([], True)])
def test_a_statement_is_run_unless_it_is_done(asked: Verb, done: list[Any], run: bool) -> None:  # noqa: FBT001
    server = Server({DONE: done})
    asked("migrate", server)
    assert (ALTER in server.asked) == run


@pytest.mark.parametrize("answer", [[("0",)], [(None,)], [], refusal(1054, "Unknown column")])
def test_a_question_that_is_not_true_fails_the_verification(asked: Verb, answer: Any) -> None:
    with pytest.raises(SystemExit, match=r"from greeting$"):
        asked("verify", Server({TRUE: answer}))


def test_a_true_question_passes(asked: Verb) -> None:
    assert asked("verify", Server({TRUE: [("1",)]})) == "true: 1 questions\n"


def test_loading_runs_each_line_of_a_dump(asked: Verb, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("DROP TABLE IF EXISTS `greeting`;\n\nINSERT INTO x VALUES ('a;');\n"))
    server = Server()
    assert asked("load", server) == "2 statements\n"
    assert server.asked[-2:] == ["DROP TABLE IF EXISTS `greeting`", "INSERT INTO x VALUES ('a;')"]


def test_a_component_gets_the_three_steps_and_their_files() -> None:
    wanted = desired()
    components = {owner: components_of(release.components) for owner, release in wanted.releases.items()}
    ctx = contexts_of(wanted.cluster, wanted.releases, components)[FLOW]
    migration, specs = database_migration(
        ctx,
        database(ctx, "greeter", "greeter"),
        Endpoint("127.0.0.1", 3306),
        to="2.0",
        what="a column",
        steps=(Change(DONE, ALTER),),
        verify=(TRUE,),
    )
    files = {file.path: file for file in render_specs(specs, FLOW, folder("templates"))}
    for step, verb in ((migration.dump, "dump"), (migration.migrate, "migrate"), (migration.verify, "verify")):
        *_, program, word, login, change = step
        assert word == verb
        assert "def main(" in files[program].text
        known = json.loads(fill(files[login].text, {"9999.mysql.greeter": 'a"b'}))
        assert known == {"where": "127.0.0.1:3306", "user": "greeter", "password": 'a"b', "database": "greeter"}
        assert json.loads(files[change].text) == {"steps": [{"done": DONE, "sql": ALTER}], "verify": [TRUE]}
    assert " load " in migration.back
    assert "{dump}" in migration.back
    assert not any(file.mode & 0o007 for file in files.values())
