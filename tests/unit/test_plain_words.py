"""Texts use ordinary words: phrases that were private to this project must not come back."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
READ = ("fatecloud", "playbooks", "templates", "scripts", "docs", "tests", "README.md", "Makefile", "pyproject.toml")
SUFFIXES = {"", ".py", ".md", ".yml", ".yaml", ".j2", ".sh", ".toml"}
# Generated pages repeat the code, golden files are rendered from the templates, and this file has the list.
SKIPPED = re.compile(
    r"docs/reference/|tests/golden/[^/]+/|tests/unit/fixtures/|tests/unit/test_plain_words\.py|.*__pycache__|.*LICENSE"
)

# Phrase, as a pattern in which a space also stands for an underscore or a line break: ordinary words for it.
PLAIN = {
    r"(?<!\\)told": "reported, shown, given, asked to",
    r"tells": "reports, shows, says",
    r"(?<!\")nobody": "no one, or name who (the user's name is written in quotes)",
    r"somebody": "someone, or name who",
    r"whoever": "anyone who, or name who",
    r"(?:gives?|given|giving)(?: it| them)? back": "release, return",
    r"twice does": "it can be repeated",
    r"(?<!there.)(?:is|are|was|were) no(?! longer| more)": "is not a, is not valid",
    r"is meant by": "matches",
    r"lest": "so that ... not",
    r"anew": "again, from scratch",
    r"so be it": "(leave it out)",
    r"stands(?! for)": "is (in)",
    r"mend(?:s|ed|ing)?": "fix, repair",
    r"shall": "must, should, will",
}
GAP = r"(?:[ _]|[ ]*\n[ ]*(?:# )?)"
"""Between two words of a phrase, which a line may break, in a comment too."""
WORDS = {
    re.compile(rf"(?<![A-Za-z]){phrase.replace(' ', GAP)}(?![A-Za-z])", re.IGNORECASE | re.DOTALL): plain
    for phrase, plain in PLAIN.items()
}


def phrases(text: str) -> Iterator[tuple[int, str]]:
    """Line, and the phrase with the words to use instead."""
    for pattern, plain in WORDS.items():
        for match in pattern.finditer(text):
            yield text.count("\n", 0, match.start()) + 1, f"{' '.join(match[0].split())!r}: use {plain}"


def texts() -> Iterator[Path]:
    for name in READ:
        top = ROOT / name
        for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
            if path.is_file() and path.suffix in SUFFIXES and not SKIPPED.match(str(path.relative_to(ROOT))):
                yield path


def test_texts_use_ordinary_words() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {words}"
        for path in texts()
        for line, words in sorted(phrases(path.read_text(encoding="utf-8")))
    ]
    assert not found, "\n".join(["ordinary words are missing:", *found])


@pytest.mark.parametrize(
    "text",
    [
        "the operator is told",
        "def test_a_node_is_told() -> None:",
        "a2 is no node",
        "# this is\n# no file",
        "gives it back",
        "Nobody asks",
        "written anew",
    ],
)
def test_private_words_are_found(text: str) -> None:
    assert len(list(phrases(text))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "there is no node",
        "There are\nno logs",
        "it is no longer there",
        'user = "nobody"',
        "threshold",
        "Nx stands for any",
    ],
)
def test_ordinary_words_are_not_found(text: str) -> None:
    assert list(phrases(text)) == []
