"""The verbs about models show, ask, bind and take away the sample's, which all servers of both parties have."""

from __future__ import annotations

import json
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from rolling import Rolling
from servings import healthy, models

from fatecloud.components.serving_server import sample

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]


def said(servings: Rolling, *words: str, status: int = 0) -> Any:
    done = servings.program.run("serving", *words, "-o", "json")
    assert done.status == status, done.err
    return json.loads(done.out)


def test_the_verbs_show_ask_bind_and_take_away_a_model(servings: Rolling, tmp_path: Path) -> None:
    with models(servings):
        _tried(servings, tmp_path / "features.json")


def _tried(servings: Rolling, file: Path) -> None:
    ((own, *_), (other, *_)) = (item["instances"] for item in said(servings, "models")["items"])
    ((model,), (partner,)) = own["models"], other["models"]
    assert (model["version"], model["services"], model["role"]) == (sample.VERSION, [sample.SERVICE], "guest")
    assert (partner["role"], partner["services"], model["partners"][0]["id"]) == ("host", [], partner["id"])
    assert time.time() - 600 < datetime.fromisoformat(model["since"]).timestamp() < time.time() + 60
    assert own["registered"][sample.SERVICE]
    assert [where for where in other["registered"].values() if where]
    file.write_text(json.dumps(sample.GUEST_FEATURES))
    predict = ("predict", sample.SERVICE, "--guest-features", str(file))
    # The first request after a start may come too early for a connection.
    servings.program.run("serving", *predict)
    (call,) = said(servings, *predict)["calls"]
    assert call["scores"][0]["score"] == pytest.approx(sample.score(), abs=1e-9)
    services = dict.fromkeys(hop["service"].partition("@")[0] for hop in call["hops"])
    assert list(services) == ["guest/serving-proxy", "guest/serving-server", "host/serving-server"]
    file.write_text(json.dumps([sample.GUEST_FEATURES] * 3))
    (batch,) = said(servings, *predict)["calls"]
    assert [one["score"] for one in batch["scores"]] == [pytest.approx(sample.score(), abs=1e-9)] * 3
    assert said(servings, "cache", "--owner", "guest")["items"][0]["answers"] >= 1
    assert said(servings, "cache", "--owner", "guest", "--ttl", "0", "--yes")["items"][0]["changed"] >= 1
    assert said(servings, "cache", "--owner", "guest")["items"][0]["answers"] == 0
    assert said(servings, "bind", "lr", sample.VERSION, "--yes")["before"] == {}
    file.write_text(json.dumps(sample.GUEST_FEATURES))
    (bound,) = said(servings, "predict", "lr", "--guest-features", str(file))["calls"]
    assert bound["scores"][0]["score"] == pytest.approx(sample.score(), abs=1e-9)
    healthy(servings.program)
    assert "it has models" in servings.program.run("serving", "smoke").err
    assert len(said(servings, "unpublish", "lr", "--yes")["servers"]) == 2
    assert len(said(servings, "unpublish", sample.SERVICE, "--yes")["servers"]) == 4
    assert all(not one["models"] for item in said(servings, "models")["items"] for one in item["instances"])
    assert said(servings, "predict", "lr", "--guest-features", str(file), "--owner", "guest", status=1)
