"""What servers keep of other parties' answers, as text and as a document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fatecloud.model.duration import duration_text
from fatecloud.model.kept_answers import KeptAnswers
from fatecloud.plain import plain
from fatecloud.report.kinds.serving import KeptAnswersDocument, ServingCache
from fatecloud.report.wrap import table, wrapped


def kept_text(found: Sequence[KeptAnswers], width: int) -> str:
    """A line for each owner."""
    rows = [("OWNER", "KEPT IN", "NEW ONES STAY", "ANSWERS", "THEY STAY")]
    rows += [
        (one.owner, one.store or "its servers' memory", f"{one.seconds} s" if one.keeps else "not kept", *_now(one))
        for one in found
    ]
    notes = [f"{one.owner}: {text}" for one in found for text in _notes(one)]
    return "\n".join(
        [*table(rows, width), *(line for text in notes for line in wrapped(plain(text), width, "", "    "))]
    )


def _now(one: KeptAnswers) -> tuple[str, str]:
    if not one.store or one.error:
        return "not known", "-"
    ends = "-" if one.shortest is None else f"{one.shortest:.0f} to {one.longest or 0:.0f} s more"
    return str(one.answers), ends


def _notes(one: KeptAnswers) -> Iterator[str]:
    if one.error:
        yield f"not found out: {one.error}"
    if one.forever:
        yield f"{one.forever} answers have no end"
    if one.left_out:
        yield f"{one.left_out} more keys were not looked at"
    if one.foreign:
        yield f"{one.foreign} keys belong to others than its servers"
    if one.store and one.longest and one.longest > one.seconds:
        yield f"some stay longer than new ones would: {duration_text(one.longest)}"


def kept_document(found: Sequence[KeptAnswers]) -> ServingCache:
    """The same for programs."""
    return {"items": [_kept(one) for one in found]}


def _kept(one: KeptAnswers) -> KeptAnswersDocument:
    return {
        "owner": one.owner,
        "keeps": one.keeps,
        "store": one.store,
        "seconds": one.seconds,
        "answers": one.answers,
        "shortest": one.shortest,
        "longest": one.longest,
        "forever": one.forever,
        "left_out": one.left_out,
        "foreign": one.foreign,
        "items": [{"key": item.key, "seconds": item.seconds, "bytes": item.bytes} for item in one.items],
        "changed": one.changed,
        "error": one.error,
    }
