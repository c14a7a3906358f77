"""One finding on the screen, the same in every verb."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.model.finding import Finding
from fatecloud.plain import plain
from fatecloud.report.commands import typed
from fatecloud.report.look import Look, painted
from fatecloud.report.wrap import columns_of, wrapped

_LABEL = 12
_INDENT = "  "


def finding_lines(finding: Finding, look: Look) -> Iterator[str]:
    """A finding as lines: headline, symptom, expected and got, cause, evidence, remedy."""
    word = finding.severity.upper()
    head, *rest = kept(f"{word:<8}  ", f"{finding.code}  {finding.subject}", 4, look)
    yield head.replace(word, painted(word, finding.severity, look), 1)
    yield from rest
    yield from _field("", finding.symptom, look)
    if finding.expected or finding.got:
        yield from _field("expected", f"{finding.expected or '-'}; got {finding.got or '-'}", look)
    if finding.cause:
        yield from _field("because", finding.cause, look)
    for number, line in enumerate(finding.evidence):
        yield from _field("" if number else "seen", line, look)
    # A command is not wrapped, so that it can be copied.
    for number, remedy in enumerate(finding.remedy):
        yield f"{_INDENT}{'' if number else 'do':<{_LABEL}}{typed(plain_line(str(remedy), look))}"
    if finding.fix:
        yield f"{_INDENT}{'or':<{_LABEL}}{typed('fatecloud preflight --fix')}"
    yield f"{_INDENT}{'more':<{_LABEL}}{typed(f'fatecloud explain {finding.code}')}"


def _field(label: str, text: str, look: Look) -> Iterator[str]:
    return hanging(f"{_INDENT}{label:<{_LABEL}}" if label else _INDENT + " " * _LABEL, plain_line(text, look), 14, look)


def hanging(head: str, text: str, indent: int, look: Look) -> Iterator[str]:
    """A text after a head, as wide as the terminal; further lines begin with this many spaces."""
    return wrapped(text, look.width, head, " " * indent)


def kept(head: str, text: str, indent: int, look: Look) -> Iterator[str]:
    """A headline; its double spaces stay if it fits into one line."""
    if columns_of(head + text) <= look.width:
        yield head + text
    else:
        yield from hanging(head, text, indent, look)


def plain_line(text: str, look: Look) -> str:
    """The text on one line, in characters that the reader's terminal has."""
    shown = plain(" ".join(text.split()))
    return shown if look.unicode else shown.encode("ascii", "replace").decode()
