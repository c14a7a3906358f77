"""What does not fit together in the settings of a server."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from fatecloud.model.component import Contradiction
from fatecloud.model.node import Node

_URL = re.compile(r"https?://[^\s/:]+(:\d{1,5})?(/\S*)?")
_CLASS = re.compile(r"([A-Za-z_$][\w$]*\.)*[A-Za-z_$][\w$]*")
_NEEDED = {"http": "features.url", "class": "features.class"}
_FORMS = {
    "features.url": (_URL, "http://host:port/path"),
    "features.class": (_CLASS, "the full name of a Java class"),
    "features.batch_class": (_CLASS, "the full name of a Java class"),
}


def judge(config: Mapping[str, Any], node: Node, architecture: str | None) -> tuple[Contradiction, ...]:
    """A source of features has what it needs, and nothing that another one needs."""
    del node, architecture
    source, found = config["features.source"], []
    needed = _NEEDED.get(source)
    if needed and not config[needed]:
        found.append(Contradiction(needed, f"features.source is {source}, and {needed} is missing", _FORMS[needed][1]))
    for key, (form, expected) in _FORMS.items():
        fits = key == needed or (key == "features.batch_class" and source == "class")
        if config[key] and not fits:
            found.append(Contradiction(key, f"{key} counts for nothing with features.source {source}", "no such line"))
        elif config[key] and not form.fullmatch(config[key]):
            found.append(Contradiction(key, f"{key} {config[key]!r} has another form", expected))
    return tuple(found)
