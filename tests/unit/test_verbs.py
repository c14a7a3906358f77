"""The command line knows its verbs, and loads none of what they need before one is asked for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_group
from typer.testing import CliRunner

from fatecloud.cli.verbs import VERBS, app

HEAVY = {"ansible", "docker", "http", "jinja2", "jsonschema", "paramiko", "rich", "sqlite3", "yaml", "traceback"}


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_has_a_summary_and_its_own_help(verb: str) -> None:
    result = CliRunner().invoke(app, [verb, "--help"], prog_name="fatecloud")
    assert result.exit_code == 0
    assert f"Usage: fatecloud {verb} " in result.output
    assert VERBS[verb].endswith(".")
    assert VERBS[verb].split()[0] in result.output


def test_an_unknown_verb_gets_the_nearest_one() -> None:
    result = CliRunner().invoke(app, ["chekc"], prog_name="fatecloud")
    assert "Did you mean 'check'?" in result.output


def test_help_loads_nothing_that_only_verbs_need() -> None:
    program = (
        "import sys\n"
        "import typer\n"
        "before = set(sys.modules)\n"
        "from fatecloud.cli.main import main\n"
        "sys.argv = ['fatecloud', '--help']\n"
        "try:\n"
        "    main()\n"
        "finally:\n"
        "    print(*sorted(set(sys.modules) - before), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30)
    loaded = {name.partition(".")[0] for name in done.stderr.split()}
    assert not loaded & HEAVY
    rooms = {name.split(".")[1] for name in done.stderr.split() if name.startswith("fatecloud.")}
    assert rooms == {"cli", "errors", "plain", "report", "timing"}


def test_a_state_directory_is_the_same_wherever_a_run_works(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    group: Any = get_group(app)
    context = group.get_command(None, "deploy").make_context("deploy", ["--state-dir", "state"])
    assert Path(context.params["state_dir"]) == tmp_path / "state"
