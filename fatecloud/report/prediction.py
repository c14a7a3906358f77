"""Scores that were asked for, as text and as a document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fatecloud.model.predicting import Prediction, Score
from fatecloud.plain import plain
from fatecloud.report.kinds.serving import ScoreDocument, ServingCallDocument, ServingPrediction
from fatecloud.report.wrap import table, wrapped


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
