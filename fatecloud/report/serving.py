"""Models that answer requests, as text and as documents."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fatecloud.model.duration import duration_text
from fatecloud.model.kept_answers import KeptAnswers
from fatecloud.model.predicting import Prediction, Score
from fatecloud.model.serving import Loaded, LoadedModel, ModelsPage, Part, ServingChange
from fatecloud.plain import plain
from fatecloud.report.envelope import moment
from fatecloud.report.job import clock_text, unknown_lines
from fatecloud.report.kinds.serving import (
    KeptAnswersDocument,
    LoadedModelDocument,
    ModelPartDocument,
    ScoreDocument,
    ServingCache,
    ServingCallDocument,
    ServingChangeDocument,
    ServingInstanceDocument,
    ServingModelList,
    ServingPrediction,
)
from fatecloud.report.wrap import table, wrapped


def models_text(page: ModelsPage, width: int) -> str:
    """A line for each model in each server, and how servers of one owner differ."""
    rows = [("SERVER", "MODEL", "ROLE", "SINCE", "SERVICE IDS")]
    rows += [row for own in page.owners for one in own.instances for row in _rows(one)]
    lines = list(table(rows, width))
    for sentence in (f"differs: {text}" for own in page.owners for text in own.differences):
        lines += wrapped(plain(sentence), width, "", "    ")
    return "\n".join([*lines, *unknown_lines(page.unknown, width)])


def _rows(one: Loaded) -> Iterator[tuple[str, str, str, str, str]]:
    if not one.models:
        yield one.id.key, "not known" if one.models is None else "no model", "-", "-", "-"
    for model in one.models or ():
        role = f"{model.role} {model.party}"
        since = clock_text(model.since or 0)
        yield one.id.key, plain(model.table), plain(role), since, plain(", ".join(model.services) or "-")
    if one.left_out:
        yield one.id.key, f"{one.left_out} more", "-", "-", "-"


def models_document(page: ModelsPage) -> ServingModelList:
    """The same for programs."""
    return {
        "exit_status": page.exit_status,
        "items": [
            {
                "owner": own.owner,
                "instances": [_instance(one) for one in own.instances],
                "differences": list(own.differences),
            }
            for own in page.owners
        ],
        "unknown": list(page.unknown),
    }


def _instance(one: Loaded) -> ServingInstanceDocument:
    registered = one.registered
    return {
        "service": one.id.key,
        "models": None if one.models is None else [_model(model) for model in one.models],
        "left_out": one.left_out,
        "recorded": one.recorded,
        "registered": None if registered is None else {name: list(where) for name, where in registered.items()},
        "error": one.error,
    }


def _model(model: LoadedModel) -> LoadedModelDocument:
    return {
        "version": model.table,
        "id": model.namespace,
        "role": model.role,
        "party": model.party,
        "services": list(model.services),
        "since": None if model.since is None else moment(model.since),
        "partners": [_part(part) for part in model.partners],
    }


def _part(part: Part) -> ModelPartDocument:
    return {"version": part.table, "id": part.namespace, "role": part.role, "party": part.party}


def prediction_text(service: str, calls: Sequence[Prediction], width: int) -> str:
    """A line for each request, and where the time of each call went."""
    scores = [score for call in calls for score in call.scores]
    rows = [("REQUEST", "SCORE", "CODE", "MESSAGE")]
    rows += [
        (str(number), _score(score), str(score.code), plain(score.words)) for number, score in enumerate(scores, 1)
    ]
    lines = list(table(rows, width))
    for call in calls:
        how = f"service id {service}: {len(call.scores)} answered by {call.proxy} in {_ms(call.seconds)}"
        lines += wrapped(plain(how), width, "", "    ")
        lines += table([("  SERVICE", "TOOK", "OF IT WAITED FOR OTHERS"), *_hops(call)], width) if call.hops else ()
    if any(score.kept for score in scores):
        text = "an answer that was kept is among them: the other party was not asked for it"
        lines += wrapped(text, width, "", "    ")
    return "\n".join(lines)


def _score(score: Score) -> str:
    return "none" if score.score is None else repr(score.score)


def _hops(call: Prediction) -> Iterator[tuple[str, str, str]]:
    for hop in call.hops:
        yield f"  {hop.service}", _ms(hop.seconds), "-" if hop.waited is None else _ms(hop.waited)


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"


def prediction_document(service: str, calls: Sequence[Prediction]) -> ServingPrediction:
    """The same for programs."""
    return {"exit_status": exit_of(calls), "service": service, "calls": [_call(call) for call in calls]}


def exit_of(calls: Sequence[Prediction]) -> int:
    """0 if each request has a score of all parties, else 1."""
    return int(not all(score.ok for call in calls for score in call.scores))


def _call(call: Prediction) -> ServingCallDocument:
    return {
        "proxy": call.proxy,
        "seconds": round(call.seconds, 4),
        "hops": [{"service": hop.service, "seconds": hop.seconds, "waited": hop.waited} for hop in call.hops],
        "scores": [_scored(score) for score in call.scores],
    }


def _scored(score: Score) -> ScoreDocument:
    return {
        "code": score.code,
        "message": score.words,
        "score": score.score,
        "model": score.model,
        "kept": score.kept,
    }


def change_text(change: ServingChange, width: int) -> str:
    """What has to be known after it: how to go back, and what others have to do."""
    # What was unpublished may be gone.
    can = bool(change.servers) and change.what != "unpublish"
    earlier = [version for version in dict.fromkeys(change.before.values()) if can and version != change.model]
    lines = [f"to go back: fatecloud serving bind {change.service} {version}" for version in earlier]
    return "\n".join(line for text in (*lines, *change.others) for line in wrapped(plain(text), width, "", "    "))


def change_document(change: ServingChange) -> ServingChangeDocument:
    """The same for programs."""
    return {
        "what": change.what,
        "service": change.service,
        "model": change.model,
        "before": dict(change.before),
        "servers": list(change.servers),
        "others": list(change.others),
    }


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
