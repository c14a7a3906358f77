"""The records of what upstream's software was seen to answer, and what of an answer differs from one of them.

With FATECLOUD_PACKAGES, FATECLOUD_UPDATE_ANSWERS=1 writes the record instead of comparing.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from eggroll_packages import REAL
from rolling import Rolling
from two_parties import home, label

RECORD = Path(__file__).with_name("eggroll_answers.json")
"""Of EggRoll 3 and OSX."""
RECORD_OF_1 = Path(__file__).with_name("rollsite_answers.json")
"""Of FATE 1.11.4: EggRoll 2.5.3, rollsite and flow."""
RECORD_OF_SERVING = Path(__file__).with_name("serving_answers.json")
"""Of FATE-Serving 2.1."""
_UPDATES = bool(REAL) and os.environ.get("FATECLOUD_UPDATE_ANSWERS") == "1"


def unlike(rolling: Rolling, name: str, answer: Any, path: Path = RECORD) -> list[str]:
    """The fields in which an answer differs from the record.

    Args:
        rolling: whose answer it is: the names of its nodes and places take the place of their values.
        name: of the question.
        answer: of text, numbers, lists in any order, and dictionaries.
        path: the record.
    """
    found = ordered(json.loads(_anonymous(rolling, json.dumps(answer))))
    record: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    if _UPDATES:
        record[name] = found
        path.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n")
    return list(differences(name, record.get(name), found))


def ordered(data: Any) -> Any:
    """The same with every list in an order of its own."""
    if isinstance(data, dict):
        return {key: ordered(value) for key, value in data.items()}
    if isinstance(data, list):
        return sorted(map(ordered, data), key=json.dumps)
    return data


def differences(path: str, recorded: Any, found: Any) -> Iterator[str]:
    """One line per field."""
    if isinstance(recorded, Mapping) and isinstance(found, Mapping):
        for key in dict.fromkeys((*recorded, *found)):
            yield from differences(f"{path} / {key}", recorded.get(key, "nothing"), found.get(key, "nothing"))
    elif isinstance(recorded, list) and isinstance(found, list) and len(recorded) == len(found):
        for number, (old, new) in enumerate(zip(recorded, found, strict=True)):
            yield from differences(f"{path} / {number}", old, new)
    elif recorded != found:
        yield f"{path}: {recorded!r} is on record, and this is {found!r}"


def _anonymous(rolling: Rolling, text: str) -> str:
    for name, address in sorted(rolling.nodes.addresses.items(), key=lambda pair: -len(pair[1])):
        text = text.replace(address, f"<{name}>")
    for value, name in ((label(rolling.program), "<label>"), (home(rolling.program), "<base>")):
        text = text.replace(value, name)
    return re.sub(r"/store/(\w+)/[0-9a-f]{16}", r"/store/\1/<digest>", text)
