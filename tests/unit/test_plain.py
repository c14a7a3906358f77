"""Foreign text never controls a reader's terminal, whichever way it comes and wherever it goes."""

from __future__ import annotations

import ast
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fatecloud.collect.incoming import document_of
from fatecloud.model.event import Event
from fatecloud.plain import guarded, harmless, plain, plain_lines, plain_word
from fatecloud.report.console import Console
from fatecloud.report.envelope import document_text
from fatecloud.report.logs import record_text
from fatecloud.report.screen import Guard
from fatecloud.runner.events import Translator

ROOT = Path(__file__).parents[2] / "fatecloud"
C0 = [chr(number) for number in range(32) if chr(number) not in "\t\n"]
C1 = [chr(number) for number in range(0x7F, 0xA0)]
BIDI = [chr(number) for number in (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))]
UNSEEN = [*"\u00ad\u034f\u115f\u1160\u180e\u200b\u200c\u200d\u2060\u3164\ufe0f\ufeff\uffa0\U000e0041\U000e0101"]
SEPARATORS = ["\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"]
OTHERS = ["\ud800", "\ue000", "\uffff", "\U0010ffff"]
HOSTILE = sorted({*C0, *C1, *BIDI, *UNSEEN, *SEPARATORS, *OTHERS})
TITLE = "\x1b]0;owned\x07\x1b[2J\x9b1A\rdeployed"


@pytest.mark.parametrize("char", HOSTILE, ids=lambda char: f"U+{ord(char):04X}")
def test_no_character_that_acts_on_a_terminal_or_hides_text_passes(char: str) -> None:
    for shown in (plain(f"a{char}b"), plain_lines(f"a{char}b"), harmless(f"a{char}b"), guarded(f"a{char}b")):
        assert char not in shown
        assert shown.isprintable()
        assert shown[0] + shown[-1] == "ab"


def test_text_of_people_stays_as_it_is() -> None:
    text = "机构甲, Zürich: naïve \\x1b [31m Ω ✓"
    assert plain(text) == plain_lines(text) == harmless(text) == guarded(text) == text


def test_colours_go_and_what_they_would_form_then_is_shown() -> None:
    assert plain("\x1b[31mred\x1b[0m") == "red"
    assert plain("\x1b[3\x1b[1m1mred") == "\\x1b[31mred"


def test_lines_and_tabs_are_kept_where_a_text_has_several() -> None:
    assert plain("a\nb\tc") == "a\\nb       c"
    assert plain_lines("a\r\nb\x1b[2Jc\n") == "a\nb\\x1b[2Jc"
    assert harmless("a\nb\tc\x07") == "a\nb\tc\\x07"
    assert guarded("a\nb\tc\x07\n") == "a\nb\tc\\x07\n"


def test_only_our_own_colours_pass_the_guard() -> None:
    assert guarded("\x1b[31;1mCRITICAL\x1b[0m") == "\x1b[31;1mCRITICAL\x1b[0m"
    assert "\x1b" not in guarded("\x1b[8mhidden\x1b[1A\x1b[2K")


def test_a_name_of_a_node_is_one_bounded_line() -> None:
    assert plain_word(None) == ""
    assert plain_word("x" * 1000) == "x" * 256
    assert plain_word("op\nfatecloud: deployed") == "op\\nfatecloud: deployed"


def test_a_document_is_made_safe_when_it_arrives_and_its_depth_is_bounded() -> None:
    said = json.dumps({"version": 1, "facts": {TITLE: [TITLE, 1, None, {"a": TITLE}]}}).encode()
    found = document_of(b"banner\n" + said + b"\nlast words")
    assert found is not None
    assert "\x1b" not in repr(found).replace("\\\\", "")
    assert not [text for text in (*found["facts"], next(iter(found["facts"].values()))[0]) if not text.isprintable()]
    assert document_of(b'{"version": ' + b"[" * 100 + b"]" * 100 + b"}") is None
    assert document_of(b'{"version": ' + b"[" * 100000 + b"]" * 100000 + b"}") is None
    assert document_of(b'{"version": NaN}') is None
    assert document_of(b'{"version": 1, "epoch": 1e999}') is None
    assert document_of(b'{"version": 1, "epoch": 1764365000.25}') == {"version": 1, "epoch": 1764365000.25}
    assert document_of(b"no document") is None
    large = b'{"version": 1, "facts": [' + b"[]," * (3 << 20) + b"1]}"
    assert document_of(large) is None
    assert document_of(large, raw=True) is not None


def test_results_of_ansible_are_safe_and_bounded(capsys: pytest.CaptureFixture[str]) -> None:
    heard: list[Event] = []
    translator = Translator(heard.append, lambda text: text.replace("hunter2", "***"))
    result: dict[str, Any] = {"msg": f"failed {TITLE}", "stderr": TITLE + "x" * (1 << 20), TITLE: [{"a": TITLE}]}
    translator({"event": "runner_on_failed", "event_data": {"host": "a1", "task": "Try", "res": result}})
    deep: list[Any] = []
    for _ in range(100000):
        deep = [deep]
    translator({"event": "runner_on_failed", "event_data": {"host": "a1", "task": "Try", "res": {"deep": deep}}})
    kept = repr((translator.failed, heard))
    assert "\\x1b]" not in kept.replace("\\\\x1b", "")
    assert len(kept) < 1 << 21
    assert "nested too deep" in translator.failed[1].message
    with Console() as console:
        console(heard[0])
    assert_safe(capsys.readouterr().err)


def assert_safe(text: str) -> None:
    assert not [char for char in text if char not in "\n\t" and not char.isprintable()]


def test_a_text_of_several_lines_cannot_forge_a_line_of_progress(capsys: pytest.CaptureFixture[str]) -> None:
    with Console() as console:
        console(Event("failed", "it failed\n[    9 s] ok: deployed", node="a1"))
    lines = capsys.readouterr().err.splitlines()
    assert lines[1] == "          [    9 s] ok: deployed"


def test_an_error_of_several_lines_has_one_line_that_begins_like_ours() -> None:
    code = "from fatecloud.errors import RunError; raise RunError('a1: it failed\\nfatecloud: deployed')"
    done = as_a_verb(code, "utf-8")
    assert done.stderr.decode() == "fatecloud: a1: it failed\n  fatecloud: deployed\n"


def test_log_entries_and_documents_are_safe() -> None:
    assert_safe(record_text("9999/flow@a1", [TITLE, "\x1b[31mred"], TITLE))
    for output in ("json", "yaml"):
        assert_safe(document_text("Any", {"text": "".join(HOSTILE).replace("\ud800", "")}, output))
    assert json.loads(document_text("Any", {"text": "\x7f"}, "json"))["text"] == "\x7f"


def test_no_library_finds_a_way_round_the_guard() -> None:
    below = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="replace")
    guard = Guard(below)
    assert not hasattr(guard, "buffer")
    with pytest.raises(TypeError):
        guard.write(b"\x1b")  # type: ignore[arg-type]
    print(TITLE, file=guard, flush=True)
    assert b"\x1b" not in below.buffer.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
@pytest.mark.parametrize(
    "way",
    [
        "import typer; typer.echo(T); typer.echo(T, err=True)",
        "print(T); print(T, file=sys.stderr)",
        "import warnings; warnings.warn(T)",
        "import logging; logging.getLogger('x').warning(T)",
        "from fatecloud.report.console import Console; c = Console(); c.say(T); c.write(T)",
        "from fatecloud.report.fetching import FetchProgress; FetchProgress().say(T); FetchProgress().working(T)",
        "from fatecloud.errors import FatecloudError; raise FatecloudError(T, remedy=T)",
        "raise ValueError(T)",
        "import click; raise click.UsageError(T)",
    ],
)
def test_whatever_a_verb_does_with_foreign_text_no_control_character_leaves_the_program(
    way: str, encoding: str
) -> None:
    done = as_a_verb(way, encoding)
    for said in (done.stdout, done.stderr):
        assert_safe(said.decode())
    assert b"owned" in done.stdout + done.stderr


def as_a_verb(way: str, encoding: str) -> subprocess.CompletedProcess[bytes]:
    """Run code in the place of a verb."""
    code = (
        "import sys, fatecloud.cli.verbs as verbs\nfrom fatecloud.cli.main import main\n"
        f"T = {TITLE!r}\ndef verb(**_): exec({way!r})\nverbs.app = verb\nmain()"
    )
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        env={"PATH": os.environ["PATH"], "PYTHONIOENCODING": encoding},
        timeout=60,
        check=False,
    )


ROUND = {"unguarded", "rich_proxied_file", "__stdout__", "__stderr__", "buffer"}
MAY = {"report/screen.py": ROUND}


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_other_module_has_a_way_round_the_guard(path: Path) -> None:
    name = str(path.relative_to(ROOT))
    if name.startswith(("collect/node/", "components/", "_shipped/")):
        return  # runs on nodes
    tree = ast.parse(path.read_text())
    used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert used & ROUND <= MAY.get(name, set())
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    assert not texts & {"/dev/tty", "/dev/stdout", "/dev/stderr"}
    rich = {
        node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and str(node.module).split(".")[0] == "rich"
    }
    assert not rich or name == "report/screen.py" or rich <= {"rich.progress"}
    writes = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in ("os.write", "os.fdopen", "open", "io.open")
        and node.args
        and ast.unparse(node.args[0]) in ("1", "2", "number")
    ]
    assert len(writes) <= (name == "cli/main.py")  # which opens streams that are closed


def test_bytes_pass_only_where_the_operator_asked_for_them() -> None:
    users = [str(path.relative_to(ROOT)) for path in sorted(ROOT.rglob("*.py")) if "bytes_of(" in path.read_text()]
    assert users == ["cli/execute.py", "cli/secrets.py", "report/screen.py"]
