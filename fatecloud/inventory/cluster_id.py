"""The random id that `init` writes. It distinguishes a cluster from every other one, even of the same name."""

from __future__ import annotations

import re
import secrets

from fatecloud.inventory.kinds import Text

_LETTERS = "abcdef"
_LENGTH = 16
_EXAMPLES = "eeeeee"
_LONGEST_NAME = 32

# The first digit is a letter, because YAML reads 1234567890123456 and 12345678e0123456 as numbers.
CLUSTER_ID = Text("16 hexadecimal digits, the first a letter", rf"[a-f][0-9a-f]{{{_LENGTH - 1}}}")


def new_id() -> str:
    """A random id: 62 bits, of which the first six digits go into names on nodes."""
    while True:
        made = secrets.choice(_LETTERS) + secrets.token_hex(_LENGTH // 2)[1:]
        # One id in six million begins like those of the examples, which a deploy refuses.
        if not is_example(made):
            return made


def is_example(cluster_id: str) -> bool:
    """Whether it is the id of a shipped example, which every installation has."""
    return cluster_id.startswith(_EXAMPLES)


def name_from(words: str) -> str:
    """A valid cluster name made from a text such as a directory's name; `fate` if nothing of it can be used."""
    name = re.sub(r"[^a-z0-9]+", "-", words.lower()).lstrip("-0123456789")[:_LONGEST_NAME].strip("-")
    return name or "fate"
