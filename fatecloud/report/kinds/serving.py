"""Models that answer requests: of `serving`."""

from __future__ import annotations

from typing import Annotated, TypedDict

from fatecloud.report.kinds.base import Count, Key, Rule, Seconds, Time

_Version = Annotated[str, "Version of a model: the id of the job that made it, or of its deployment."]
_Unknown = Annotated[list[str], "Sentences: of which servers not all is known, and why."]


class ModelPartDocument(TypedDict):
    """One party's part of a model."""

    version: _Version
    id: Annotated[str, "Of the model, with its party: `guest#9999#guest-9999#host-10000#model`."]
    role: Annotated[str, Rule(examples=["guest", "host", "arbiter"])]
    party: str


class LoadedModelDocument(TypedDict):
    """A model that is loaded in a server."""

    version: _Version
    id: str
    role: str
    party: str
    services: Annotated[list[str], "Service ids that are bound to it."]
    since: Annotated[Time | None, "When it was loaded first; null if that is not known."]
    partners: list[ModelPartDocument]


class ServingInstanceDocument(TypedDict):
    """One server."""

    service: Key
    models: Annotated[list[LoadedModelDocument] | None, "null if they are not known."]
    left_out: Annotated[Count, "How many more it has: then `models` are not all of them."]
    recorded: Annotated[bool, "Whether they are from its record: a server of Serving 1 has no list."]
    registered: Annotated[
        dict[str, list[str]] | None,
        "Service id, or digest of a host's part -> addresses of the servers that answer to it, as the registry says.",
    ]
    error: str


class ServingOwnerDocument(TypedDict):
    """The servers of one owner."""

    owner: str
    instances: list[ServingInstanceDocument]
    differences: Annotated[list[str], "Sentences: how they differ. A request may come to any of them."]


class ServingModelList(TypedDict):
    """`fatecloud serving models`."""

    exit_status: Annotated[int, Rule(enum=[0, 1, 3]), "0, 1 instances differ, 3 not all is known of one."]
    items: list[ServingOwnerDocument]
    unknown: _Unknown


class ScoreDocument(TypedDict):
    """The answer to one request."""

    code: Annotated[int, "0 for success of all parties; -1 where the answer has none."]
    message: str
    score: float | None
    model: Annotated[str, "Version of the model; empty where the answer does not say it."]
    kept: Annotated[bool, "Whether an answer was used that was kept: another party was not asked."]


class ServingHopDocument(TypedDict):
    """How long a request took one service, as its own log says."""

    service: Key
    seconds: Seconds
    waited: Annotated[Seconds | None, "For the service behind it; null where its log does not say it."]


class ServingCallDocument(TypedDict):
    """One call of a proxy."""

    proxy: Key
    seconds: Annotated[Seconds, "Until the answer came, seen from the proxy's node."]
    hops: Annotated[list[ServingHopDocument], "Services of others are not among them."]
    scores: list[ScoreDocument]


class ServingPrediction(TypedDict):
    """`fatecloud serving predict`."""

    exit_status: Annotated[int, Rule(enum=[0, 1]), "1 if one of the requests has no score of all parties."]
    service: Annotated[str, "Service id."]
    calls: Annotated[list[ServingCallDocument], "More than one where a generation takes no batches."]


class ServingChangeDocument(TypedDict):
    """`fatecloud serving publish`, `bind` and `unpublish`: what was done."""

    what: Annotated[str, Rule(enum=["publish", "bind", "unpublish"])]
    service: Annotated[str, "Service id."]
    model: _Version
    before: Annotated[dict[str, str], "Key of a server -> version of the model that answered it there before."]
    servers: Annotated[list[str], "Keys of the servers that were changed; none where nothing was to do."]
    others: Annotated[list[str], "Sentences about parties that others operate."]


class KeptAnswerDocument(TypedDict):
    """An answer that is kept."""

    key: str
    seconds: Annotated[Seconds | None, "Until it is forgotten; null for never."]
    bytes: Count


class KeptAnswersDocument(TypedDict):
    """What the servers of one owner keep of answers of other parties."""

    owner: str
    keeps: bool
    store: Annotated[str, "Endpoint of Redis; empty where each server keeps them in its own memory."]
    seconds: Annotated[Count, "For how long new ones are kept."]
    answers: Count
    shortest: Annotated[Seconds | None, "Until the first is forgotten."]
    longest: Seconds | None
    forever: Annotated[Count, "How many have no end."]
    left_out: Annotated[Count, "How many more keys there are than were looked at."]
    foreign: Annotated[Count, "How many of the keys belong to others."]
    items: Annotated[list[KeptAnswerDocument], "Some of them."]
    changed: Annotated[Count, "How many got another end now."]
    error: str


class ServingCache(TypedDict):
    """`fatecloud serving cache`."""

    items: list[KeptAnswersDocument]
