"""Models out of a flow 1, and from a flow 2 to another one: the scripts for nodes against flows that answer."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from component_world import desired
from model_flows import Flow, flowing, here
from model_world import GUEST, HOST, ID, VERSION, content, part
from web_fakes import closed_port, serving

from fatecloud.artifacts.trained.content import files_of
from fatecloud.components.flow import model_transfer
from fatecloud.components.flow.transferred import of_flow_1, of_flow_1_4
from fatecloud.components.flow.v2 import model_moving
from fatecloud.components.flow.v2.carried import FlowModels
from fatecloud.components.registry import models_from, models_into
from fatecloud.errors import FatecloudError, ModelRefused
from fatecloud.model.trained import Asked, ModelPart, ModelSource

JOB = "202611251943493284650"
TRANSFER = model_transfer.PATH


def flow_1(port: int) -> ModelSource:
    (service,) = [s for s in desired("eggroll-rollsite").services.values() if s.id.key.startswith("9999/flow@")]
    assert models_from(service.kind) is of_flow_1
    assert models_into(service.kind) is None
    return of_flow_1(replace(service, facts={**service.facts, "job_api": f"http://127.0.0.1:{port}"}), here)


def asked(party: str = GUEST) -> Asked:
    return Asked(party, model=ID, version=VERSION)


def test_flow_1_gives_a_part_as_a_server_keeps_it() -> None:
    model = json.loads(content("guest"))
    shuffled = dict(sorted(model.items(), reverse=True))
    with serving({TRANSFER: (200, {"retcode": 0, "retmsg": "success", "data": shuffled})}) as port:
        models = flow_1(port)
        (held,) = models.held(asked())
        assert (held.part, held.sha256) == (part("guest"), hashlib.sha256(content("guest")).hexdigest())
        assert models.content(held) == content("guest")
    assert models.judge(held.part, files_of(content("guest"), "x"))[-1] == "hetero_lr_0 HeteroLRGuest"
    assert (models.needs.component, models.needs.since) == ("serving-server", "2.1")


def test_what_a_flow_1_trained_may_need_an_older_serving() -> None:
    (service,) = [s for s in desired("eggroll-rollsite-1.4").services.values() if s.id.key.startswith("9999/flow@")]
    assert of_flow_1_4(service, here).needs.since == "1.3"
    assert models_from(service.kind) is of_flow_1_4


@pytest.mark.parametrize(
    "said",
    [
        (404, {"retcode": 404, "retmsg": "model not found"}),
        (200, {"retcode": 100, "retmsg": "FileNotFoundError(2, 'No such file or directory')"}),
        (200, {"retcode": 0, "data": {}}),
    ],
)
def test_a_flow_1_without_the_model_has_none(said: tuple[int, object]) -> None:
    with serving({TRANSFER: said}) as port:
        assert flow_1(port).held(asked()) == ()


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ((200, {"retcode": 100, "retmsg": "broken"}), "gets 100: broken"),
        ((200, {"retcode": 0, "data": {"a": 1}}), "gets 0"),
        ((200, "text"), "without JSON"),
    ],
)
def test_another_answer_of_a_flow_1_is_an_error(said: tuple[int, object], words: str) -> None:
    with serving({TRANSFER: said}) as port, pytest.raises(FatecloudError, match=words):
        flow_1(port).held(asked())


def test_a_flow_1_that_is_down_is_an_error_and_a_service_id_is_unknown_to_it() -> None:
    models = flow_1(closed_port())
    with pytest.raises(FatecloudError, match="9999/flow@"):
        models.held(asked())
    assert models.held(Asked(GUEST, service="lr")) == ()
    assert models.held(asked("7")) == (), "a party that is not of the model is not asked for"


def test_a_model_that_was_not_deployed_is_refused() -> None:
    files = files_of(content("guest"), "x")
    empty = {**files, "pipeline.pipeline:Pipeline": b""}
    with pytest.raises(ModelRefused, match="the model was not deployed"):
        flow_1(1).judge(part("guest"), empty)


def test_a_large_model_comes_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    model = json.loads(content("guest"))
    whole = json.dumps(model, sort_keys=True, separators=(",", ":")).encode()
    monkeypatch.setattr(model_transfer, "PIECE", 100)
    question = {"url": "", "name": VERSION, "namespace": "guest#9999#m", "offset": 0}
    with serving({TRANSFER: (200, {"retcode": 0, "data": model})}) as port:
        question["url"] = f"http://127.0.0.1:{port}"
        found = b"".join(model_transfer.transferred({**question, "offset": at})[1] for at in range(0, len(whole), 100))
    assert found == whole


def output(text: bytes = b"{}") -> bytes:
    """What a task of FATE 2 writes."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as out:
        member = tarfile.TarInfo("model.json")
        member.size = len(text)
        out.addfile(member, io.BytesIO(text))
    return packed.getvalue()


@contextmanager
def flow_2(place: Path, flow: Flow, party: str = GUEST) -> Iterator[FlowModels]:
    (service,) = [s for s in desired().services.values() if s.id.key.startswith(f"{party}/flow@")]
    assert models_into(service.kind) is FlowModels
    settings = place / "settings.py"
    settings.write_text('ADMIN_KEY = "secret"\n')
    with flowing(flow) as url:
        facts = {"job_api": url, "job_settings": str(settings), "upload_directory": str(place)}
        yield FlowModels(replace(service, facts={**service.facts, **facts}), here)


def test_a_model_moves_between_two_flows_2(tmp_path: Path) -> None:
    ours, theirs = Flow(), Flow()
    ours.files[JOB, "0", "guest", GUEST, "lr_0/train_output_model"] = output()
    ours.files[JOB, "0", "host", HOST, "lr_0/train_output_model"] = output(b"[]")
    wanted = Asked(GUEST, model=JOB, version="0")
    with flow_2(tmp_path, ours) as models:
        (held,) = models.held(wanted)
        document = models.content(held)
        assert models.judge(held.part, files_of(document, "x")) == ("lr_0",)
        assert (models.needs.component, models.needs.since) == ("flow", "2.2")
    with flow_2(tmp_path, theirs) as models:
        assert models.held(wanted) == ()
        models.load(held.part, {}, document)
        (there,) = models.held(wanted)
        assert there == held
        assert list(theirs.files) == [(JOB, "0", "guest", GUEST, "lr_0/train_output_model")]
        models.unload(held.part)
        assert models.held(wanted) == ()
        with pytest.raises(FatecloudError, match="2005"):
            models.unload(held.part)
    assert all("signature" in headers for headers in ours.asked + theirs.asked), "it signs as flow's own client"
    assert not list(tmp_path.glob("fatecloud-model-*")), "what flow exported is removed"


@pytest.mark.parametrize("name", ["../../x", f"{JOB}/0/host/{HOST}/lr_0/m", f"{JOB}/0/guest/{GUEST}/../m", "x"])
def test_an_export_with_files_of_others_is_refused(tmp_path: Path, name: str) -> None:
    flow = Flow()
    flow.files[JOB, "0", "guest", GUEST, "lr_0/train_output_model"] = output()
    flow.exports_also = name
    with flow_2(tmp_path, flow) as models, pytest.raises(FatecloudError, match="flow exported a file"):
        models.held(Asked(GUEST, model=JOB, version="0"))
    assert not list(tmp_path.glob("fatecloud-model-*"))


def test_an_export_that_unpacks_to_more_than_a_model_has_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "x.zip"
    monkeypatch.setattr(model_moving, "MOST", 100)
    flow = Flow()
    key = (JOB, "0", "guest", GUEST, "lr_0/m")
    flow._export(tmp_path / "out", "x", {key: b"\0" * 1000})
    (tmp_path / "out" / "x.zip").rename(file)
    question = dict(zip(model_moving.NAMES, key, strict=False))
    with pytest.raises(ValueError, match="more than 100 bytes"):
        model_moving._document(question, file)


def test_a_flow_2_refuses_what_its_tasks_have_not_written(tmp_path: Path) -> None:
    with flow_2(tmp_path, Flow()) as models:
        own = ModelPart(JOB, "0", "guest", GUEST)
        for files in ({"lr_0/m": b"text"}, {"lr_0.m": output()}):
            with pytest.raises(ModelRefused, match="not an output of a task"):
                models.judge(own, files)
        with pytest.raises(FatecloudError, match="binds no service ids"):
            models.bind(own, {}, "lr")
        assert models.former("lr") is None
        assert models.all(GUEST) == ()
