"""The settings of a server that its generations share, and what of them does not fit together."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from fatecloud.components.serving_server.want import ADMIN, PROXY
from fatecloud.model.component import ConfigKey, Contradiction, PortSpec
from fatecloud.model.node import Node

SOURCE = ConfigKey(
    "features.source",
    "str",
    "none",
    "Where it gets its own features for a request of another party: from nowhere (then it refuses such requests), from "
    "`features.url` (Serving 2), from the class `features.class`, or the same `sample` for everyone, for tests. "
    "Upstream's mock cannot be chosen: it answers with features that no model has.",
    choices=("none", "http", "class", "sample"),
)
URL = ConfigKey(
    "features.url", "str", None, "Where they are asked for by HTTP; for the source `http`. `http://host:port/path`."
)
CLASS = ConfigKey(
    "features.class",
    "str",
    None,
    "A class of yours, for the source `class`: the full name of one in its `extension` directory, in Serving 1 the "
    "name of one in upstream's own package.",
)
BATCH_CLASS = ConfigKey(
    "features.batch_class", "str", None, "The same for requests in batches; derived: none, it refuses those."
)
ADDRESSES = ConfigKey(
    "features.addresses",
    "networks",
    None,
    "What such a class connects to, with the name servers that it asks; derived: not known, so that the server's unit "
    "drops no packets, and a firewall has to keep strangers out.",
)
FLOW = ConfigKey(
    "flow",
    "endpoint",
    None,
    "HTTP of a flow 1.x that loads models into it: models are fetched there, and it may reach this server.",
)
RESULTS = ConfigKey(
    "cache.results",
    "bool",
    None,
    "Whether it keeps what other parties answer, and answers the same request again without asking them; derived: "
    "where its owner has a Redis.",
)
SECONDS = ConfigKey("cache.seconds", "int", 300, "How long it keeps them.", 1, 7 * 86400)
QUEUE = ConfigKey("queue", "int", 100, "Requests that wait while all threads work; more are refused.", 0, 100000)
GRPC = PortSpec(
    "grpc",
    8000,
    "Requests of the own proxy, and management; the software listens on all addresses",
    clients=(PROXY, ADMIN),
    filtered=True,
)
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
    if config[ADDRESSES.name] and source != "class":
        what = f"{ADDRESSES.name} counts for nothing with features.source {source}"
        found.append(Contradiction(ADDRESSES.name, what, "no such line"))
    return tuple(found)


def judge_without_http(config: Mapping[str, Any], node: Node, architecture: str | None) -> tuple[Contradiction, ...]:
    """The same for a generation that asks no one for features by HTTP."""
    if config[SOURCE.name] == "http":
        return (Contradiction(SOURCE.name, "Serving 1 asks no one for features by HTTP", "none, class or sample"),)
    return judge({URL.name: None, BATCH_CLASS.name: None, **config}, node, architecture)
