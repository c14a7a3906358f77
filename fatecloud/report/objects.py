"""What services need inside others, as a table and as a document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fatecloud.model.contribution import Given
from fatecloud.model.plan import LeftObjects
from fatecloud.report.kinds.inventory import ObjectList, UnneededObjectList


def objects_text(given: Iterable[Given]) -> str:
    """One paragraph for each object; it has no secret."""
    return "\n".join(line for one in given for line in _lines(one)) or "no service needs anything inside another one"


def _lines(given: Given) -> Iterator[str]:
    one = given.contribution
    what = one.kind.partition(".")[2]
    yield f"{given.place}: {what} {one.name} for {one.service}"
    yield from (f"  {name}: {text}" for name, text in one.details.items())
    if one.secret:
        yield f"  secret: {one.secret}"


def objects_document(given: Iterable[Given]) -> ObjectList:
    """The same for programs."""
    return {
        "items": [
            {
                "giver": one.giver,
                "endpoint": str(one.external.endpoint) if one.external else None,
                "type": one.contribution.kind,
                "name": one.contribution.name,
                "service": one.contribution.service,
                "secret": one.contribution.secret,
                "details": one.contribution.details,
            }
            for one in given
        ]
    }


def unneeded_text(left: Iterable[LeftObjects]) -> str:
    """One line for each thing that no service needs any more."""
    return "\n".join(line for one in left for line in _unneeded(one)) or "every object that was made is needed"


def _unneeded(left: LeftObjects) -> Iterator[str]:
    where = "" if left.asked else " (the service gave no answer: on record, perhaps not there any more)"
    yield from (f"{left.service}: {name}{where}" for name in left.names)


def unneeded_document(left: Iterable[LeftObjects]) -> UnneededObjectList:
    """The same for programs."""
    return {
        "items": [
            {"giver": one.service, "type": what, "name": name, "there": True if one.asked else None}
            for one in left
            for what, _, name in (text.partition(" ") for text in one.names)
        ]
    }
