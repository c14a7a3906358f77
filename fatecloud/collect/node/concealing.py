"""Which lines of a file on a node may hold a secret, so that they never leave it. The one list of such words.

Passwords that were typed by hand are not in the vault, so no comparison of values would find them: a line counts by
what it looks like. That a harmless line is concealed now and then costs little.
"""

import re
from typing import Any, Iterator, List, Set

SECRET_WORDS = (
    "passw",  # password, passwd
    "passphrase",
    r"\bpass(?:es)?\b",
    r"[_-]pass\b",
    "pwd",
    "secret",
    "token",
    "credential",
    "cookie",
    r"\bauth\b",
    "authorization",
    "bearer",
    r"identified\s+(?:by|with)",  # SQL
    "private",
    r"api[_-]?key",
    r"(?:\b|[_.-])key['\"]?\s*[:=]",  # admin_key: x
    r"[a-z]key['\"]?\s*=",  # accesskey=x
    r"\bsalt\b",
    r"[_-]hash\b",  # of a password, which can be guessed from it
)
_WORDS = re.compile("|".join(SECRET_WORDS), re.IGNORECASE)
_CAMEL = re.compile(r"[a-z]Key['\"]?\s*[:=]")
_IN_URL = re.compile(r"://[^/\s:@]*:[^/\s@]+@")
_RANDOM = re.compile(r"(?<![\w+/=-])(?=[\w+=-]*[a-z])(?=[\w+=-]*[A-Z])(?=[\w+=-]*\d)[\w+=-]{16,}(?![\w/])")
_BEGIN, _END = re.compile(r"-----BEGIN "), re.compile(r"-----END ")
_OPENS = re.compile(r"(?:[:=]\s*(?:[|>][+-]?\d?)?|[\[{(\\])\s*$")


LONGEST = 4096
"""Characters of a line that is matched: on longer ones the patterns take time that grows with the square of that."""


def looks_secret(line: str) -> bool:
    """Whether a line by itself looks as if it held a secret."""
    # What is too long to be matched counts as secret.
    return len(line) > LONGEST or any(pattern.search(line) for pattern in (_WORDS, _CAMEL, _IN_URL, _RANDOM))


def secret_lines(lines: List[str]) -> Set[int]:
    """Positions of the lines that may hold a secret: by themselves, below such a key, or in the body of a PEM block."""
    found = set()
    depth: Any = None
    inside = False
    for place, line in enumerate(lines):
        indent = len(line) - len(line.lstrip())
        if depth is not None and line.strip() and indent <= depth and not _continues(line, indent, depth):
            depth = None
        if _BEGIN.search(line):
            inside = True
        if inside or depth is not None:
            found.add(place)
        if _END.search(line):
            inside = False
        if looks_secret(line):
            found.add(place)
            # A key that only opens a list or a block says nothing itself: its values are in the lines below.
            if depth is None and (len(line) > LONGEST or _OPENS.search(line)):
                depth = indent
    return found


def values_of(patterns: List[Any], lines: List[str]) -> Iterator[str]:
    """The lines' text where the patterns have a group: secrets that are in the file now."""
    for line in lines:
        for pattern in patterns:
            match = pattern.match(line) if len(line) <= LONGEST else None
            if match:
                yield from (value.strip("\"' ") for value in match.groups())


def _continues(line: str, indent: int, depth: int) -> bool:
    """Whether a line that is not indented goes on with what was opened: an item of a YAML list, a closing bracket."""
    return indent == depth and line.lstrip().startswith(("- ", "]", "}", ")"))
