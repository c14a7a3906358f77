"""`model export`, `model import` and `model back` between servers that share nothing."""

from __future__ import annotations

import base64
import json
import tarfile
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import pytest
from model_servers import OldServer
from model_world import ID, KEYS, LATER, VERSION, World, archive, content, listing, part, world

from fatecloud.artifacts.trained.archive import opened
from fatecloud.artifacts.trained.listing import Listing
from fatecloud.components.script import script_text
from fatecloud.components.serving_server.carried import namespace
from fatecloud.components.serving_server.model_files import NOTE, document
from fatecloud.errors import FatecloudError, Interrupted, ModelRefused, NoMatch, RunError, UsageError
from fatecloud.model.trained import Needs


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with world(tmp_path, monkeypatch) as found:
        yield found


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The same with Serving 1."""
    with world(tmp_path, monkeypatch, "serving-1") as found:
        yield found


def both(here: World, version: str = VERSION) -> Path:
    return archive(here.place / f"{version}.tar", here.key, listing(version))


def test_an_export_has_both_parts_and_an_import_brings_them_to_servers_that_share_nothing(
    here: World, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.put("guest", service="lr")
    here.put("host")
    said = here.said("export", "--service-id", "lr", "-o", "model.tar")
    assert f"version {VERSION} of model {ID}, signed by {here.key.public.fingerprint}" in said
    assert "guest 9999: " in said
    assert "hetero_lr_0 HeteroLRGuest" in said
    file = here.place / "model.tar"
    with monkeypatch.context() as patch, world(tmp_path_factory.mktemp("there"), patch) as there:
        assert there.refused("import", str(file), "--yes").remedy.count(here.key.public.fingerprint) == 1
        said = there.said("import", str(file), "--yes", "--trust", here.key.public.fingerprint)
        assert f"{KEYS['host']}: load version {VERSION} as host 10000" in said
        for role in ("guest", "host"):
            name = (VERSION, namespace(part(role)))
            assert document(there.servers[role].file(name)) == content(role)
            assert there.servers[role].loaded[name] == {"role": role, "partId": part(role).party}
        assert there.leads_to() == VERSION
        assert "nothing to do" in there.said("import", str(file), "--yes", "--trust", here.key.public.fingerprint)
        assert not list(there.place.glob("nodes/*/data/fatecloud-model-*")), "nothing stays behind"


def test_a_dry_run_says_what_would_change_and_changes_nothing(here: World) -> None:
    here.put("guest", service="lr")
    here.put("host")
    before = here.state()
    said = here.said("import", str(both(here, LATER)), "--dry-run")
    lines = [line for line in said.splitlines() if "serving-server" in line]
    assert [line.partition(": ")[0] for line in lines] == [KEYS["host"], KEYS["guest"], KEYS["guest"]]
    assert f"service id lr leads to version {LATER}; now to version {VERSION}" in lines[-1]
    assert "nothing was changed" in said
    assert here.state() == before


def test_programs_get_a_document_alone(here: World) -> None:
    for role in ("guest", "host"):
        here.put(role, service="lr" if role == "guest" else "")
    words = ("import", str(both(here, LATER)), "-o", "json")
    dry, done, again = (json.loads(here.said(*words, *more)) for more in (("--dry-run",), ("--yes",), ("--yes",)))
    assert (dry["kind"], dry["done"], done["done"], again["done"]) == ("ModelChange", False, True, False)
    assert dry["steps"] == done["steps"]
    assert [(step["service"], step["what"]) for step in done["steps"]] == [
        (KEYS["host"], "load"),
        (KEYS["guest"], "load"),
        (KEYS["guest"], "bind"),
    ]
    assert (done["steps"][-1]["version"], done["steps"][-1]["before"], again["steps"]) == (LATER, VERSION, [])
    back = json.loads(here.said("back", "lr", "--yes", "-o", "json"))
    assert (back["what"], back["done"], [step["version"] for step in back["steps"]]) == ("back", True, [VERSION])


def test_it_asks_first_and_without_a_terminal_it_refuses(here: World) -> None:
    assert "no terminal" in here.refused("import", str(both(here))).message


def test_what_was_bound_before_stays_and_can_come_back_and_go_again(here: World) -> None:
    for role in ("guest", "host"):
        here.put(role, service="lr" if role == "guest" else "")
    here.said("import", str(both(here, LATER)), "--yes")
    assert (here.leads_to(), here.versions("guest"), here.versions("host")) == (
        LATER,
        [VERSION, LATER],
        [VERSION, LATER],
    )
    assert "nothing was changed" in here.said("back", "lr", "--dry-run")
    assert here.leads_to() == LATER
    here.said("back", "lr", "--yes")
    assert here.leads_to() == VERSION
    here.said("back", "lr", "--yes")
    assert here.leads_to() == LATER


def test_more_models_than_an_answer_holds_are_not_taken_for_all(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("guest", "host"):
        here.put(name, service="lr" if name == "guest" else "")
    most = ("CARRIED = 8 << 20", "CARRIED = 10")
    text = script_text

    def short(*words: str) -> str:
        found = text(*words)
        assert most[0] in found
        return found.replace(*most)

    monkeypatch.setattr("fatecloud.components.piped.script_text", short)
    error = here.refused("import", str(both(here, LATER)), "--yes")
    assert "1 of its models do not fit into an answer" in error.message
    assert "do not fit" in here.refused("export", "--service-id", "lr", "-o", "model.tar").message


@pytest.mark.parametrize("fails", ["refuses", "forgets", "look"])
def test_back_leads_to_what_was_before_the_last_import_that_succeeded(here: World, fails: str) -> None:
    for role in ("guest", "host"):
        here.put(role, service="lr" if role == "guest" else "")
    here.said("import", str(both(here, LATER)), "--yes")
    noted = here.state()
    guest = here.servers["guest"]
    guest.forgets, guest.refuses = fails == "forgets", {"publishBind": "busy"} if fails == "refuses" else {}
    look = "fatecloud.workflow.model_doing.Doing._look"
    with patch(look, side_effect=RunError("no answer")) if fails == "look" else nullcontext():
        done = here.run("import", str(both(here, "202001030000000000003")), "--yes")
    assert isinstance(done.exception, FatecloudError)
    assert "what was done is taken back" in done.exception.message
    assert [state == noted[1] for state in here.state()[1:]] == [True]
    assert here.note() == {"lr": [VERSION, namespace(part("guest"))]}
    guest.forgets, guest.refuses = False, {}
    here.said("back", "lr", "--yes")
    assert here.leads_to() == VERSION


def test_an_id_that_led_nowhere_before_an_import_has_no_way_back(here: World) -> None:
    here.servers["guest"].data.joinpath(NOTE).write_text(json.dumps({"lr": ["1", "guest#9999#x"]}))
    here.servers["guest"].refuses = {"publishBind": "busy"}
    assert isinstance(here.run("import", str(both(here)), "--yes").exception, FatecloudError)
    assert list(here.note()) == ["lr"], "what failed leaves the note"
    here.servers["guest"].refuses = {}
    here.said("import", str(both(here)), "--yes")
    assert here.note() == {}
    assert "no note of what lr led to" in here.refused("back", "lr", "--yes").message


def test_back_refuses_where_nothing_was_before(here: World) -> None:
    here.put("guest", service="lr")
    assert "no note of what lr led to" in here.refused("back", "lr", "--yes").message
    assert isinstance(here.refused("back", "other", "--yes"), NoMatch)


def test_back_refuses_a_version_that_is_gone_or_a_note_that_is_damaged(here: World) -> None:
    here.put("guest", service="lr")
    note = here.servers["guest"].data / NOTE
    note.write_text(json.dumps({"lr": [LATER, namespace(part("guest"))]}))
    assert f"does not have version {LATER} any more" in here.refused("back", "lr", "--yes").message
    for text in ('{"lr": [1, 2]}', '{"lr": ["x"]}', "[]", "{", '{"lr": ["x", "y"]}'):
        note.write_text(text)
        assert "no note" in here.refused("back", "lr", "--yes").message


def test_an_owner_of_another_party_is_refused_and_others_are_passed_over(here: World) -> None:
    file = archive(here.place / "guest.tar", here.key, listing(roles=("guest",)))
    error = here.refused("import", str(file), "--yes", "--owner", "host")
    assert "refused (wrong party): it has parts of guest 9999, and host is party 10000" in error.message
    said = here.said("import", str(file), "--yes", "--owner", "guest")
    assert "a request needs this version at host 10000 too" in said
    assert (here.versions("guest"), here.versions("host")) == ([VERSION], [])
    error = here.refused("import", str(file), "--yes", "--owner", "none")
    assert (error.exit_status, error.remedy) == (64, "--owner is one of guest, host")


def test_a_version_has_one_content(here: World) -> None:
    here.put("guest")
    name = (VERSION, namespace(part("guest")))
    here.servers["guest"].file(name).write_bytes(content("host"))
    assert "refused (other content)" in here.refused("import", str(both(here)), "--yes").message
    here.servers["guest"].file(name).write_text("damaged")
    assert "refused (other content)" in here.refused("import", str(both(here)), "--yes").message


def test_another_service_id_and_none(here: World) -> None:
    here.said("import", str(both(here)), "--yes", "--service-id", "score")
    assert here.servers["guest"].bound == {"score": (VERSION, namespace(part("guest")))}
    file = archive(here.place / "later.tar", here.key, listing(LATER, service=""))
    assert "no service id will lead to it" in here.said("import", str(file), "--yes")
    assert list(here.servers["guest"].bound) == ["score"]
    assert here.versions("guest") == [VERSION, LATER]


@pytest.mark.parametrize(
    ("role", "method"), [("guest", "publishLoad"), ("guest", "publishBind"), ("host", "publishLoad")]
)
def test_what_was_done_before_a_server_refused_is_taken_back(here: World, role: str, method: str) -> None:
    for name in ("guest", "host"):
        here.put(name, service="lr" if name == "guest" else "")
    here.servers[role].refuses[method] = "no room"
    done = here.run("import", str(both(here, LATER)), "--yes")
    assert isinstance(done.exception, FatecloudError)
    assert f"{method} gets 110: no room" in done.exception.message
    assert KEYS[role] in done.exception.message
    assert (here.versions("guest"), here.versions("host"), here.leads_to()) == ([VERSION], [VERSION], VERSION)


def test_an_interrupted_import_is_taken_back(here: World) -> None:
    here.lease.interruption.check.side_effect = [None, None, Interrupted("interrupted by SIGTERM")]
    done = here.run("import", str(both(here)), "--yes")
    assert isinstance(done.exception, Interrupted)
    assert "what was done is taken back" in done.exception.message
    assert (here.versions("guest"), here.versions("host")) == ([], [])
    here.lease.ansible.play.assert_called_once_with("lease.yml")


def test_a_server_that_says_yes_and_does_not_do_it_is_found_out(here: World) -> None:
    here.servers["guest"].forgets = True
    done = here.run("import", str(both(here)), "--yes")
    assert isinstance(done.exception, FatecloudError)
    assert "does not list it: service id lr leads to version" in done.exception.message
    assert here.versions("guest") == []


def test_what_cannot_be_taken_back_is_named(here: World) -> None:
    here.servers["guest"].refuses = {"publishBind": "no", "unload": "busy"}
    done = here.run("import", str(both(here)), "--yes")
    assert isinstance(done.exception, FatecloudError)
    assert "could not be taken back: guest/serving-server@g1: unload gets 110: busy" in done.exception.message


def test_a_service_id_that_stays_is_named(here: World) -> None:
    for role in ("guest", "host"):
        here.put(role)
    here.lease.interruption.check.side_effect = [None]
    with patch("fatecloud.workflow.model_doing.Doing._look", side_effect=RunError("no answer")):
        done = here.run("import", str(both(here)), "--yes")
    assert isinstance(done.exception, RunError)
    stays = f"{KEYS['guest']}: service id lr leads to version {VERSION}"
    assert done.exception.message == f"no answer; could not be taken back: {stays}"


def test_a_damaged_file_of_a_server_is_not_exported(here: World) -> None:
    here.put("guest", service="lr")
    here.servers["guest"].file((VERSION, namespace(part("guest")))).write_text("{}x")
    error = here.refused("export", "--service-id", "lr", "-o", "model.tar")
    assert "has a file that cannot be used" in error.message
    assert not (here.place / "model.tar").exists()


def test_a_service_that_is_not_deployed_yet_is_not_asked(here: World) -> None:
    here.put("guest", service="lr")
    here.servers["host"].refuses["queryModel"] = "nothing listens"
    here.absent = {KEYS["host"]}
    here.said("export", "--service-id", "lr", "-o", "model.tar")
    with opened(here.place / "model.tar") as found:
        assert [str(one.part) for one in found.listing.parts] == ["guest 9999"]


def test_a_service_id_with_two_models_needs_an_owner(here: World) -> None:
    here.put("guest", service="lr")
    here.put("host", LATER, service="lr")
    error = here.refused("export", "--service-id", "lr", "-o", "model.tar")
    assert isinstance(error, ModelRefused)
    assert "mixed version" in error.message
    here.said("export", "--service-id", "lr", "-o", "model.tar", "--owner", "host")
    with opened(here.place / "model.tar") as found:
        assert [str(one.part) for one in found.listing.parts] == ["host 10000"]


def test_a_model_by_its_id_and_version(here: World) -> None:
    here.put("host")
    here.said("export", "--model-id", ID, "--model-version", VERSION, "-o", "model.tar")
    with tarfile.open(here.place / "model.tar") as found:
        assert found.getnames() == ["fatecloud-model.json", "fatecloud-model.sig", "host/10000.json"]


@pytest.mark.parametrize(
    "words", [("--service-id", "lr", "--model-id", ID), (), ("--model-id", ID), ("--model-version", VERSION)]
)
def test_an_export_names_one_model(here: World, words: tuple[str, ...]) -> None:
    assert isinstance(here.refused("export", "-o", "model.tar", *words), UsageError)


def test_a_model_that_no_one_has_and_a_directory_that_is_not_there(here: World) -> None:
    assert isinstance(here.refused("export", "--service-id", "lr", "-o", "model.tar"), NoMatch)
    assert isinstance(here.refused("export", "--service-id", "lr", "-o", "no/model.tar"), UsageError)


def test_what_runs_on_a_node_has_no_content_and_no_secret_in_its_arguments(here: World) -> None:
    here.said("import", str(both(here)), "--yes")
    coded = base64.b64encode(b"HeteroLR").decode()[:8]
    assert here.ran
    assert all(len("".join(argv)) < 4000 and coded not in "".join(argv) for argv in here.ran)


def test_serving_1_takes_a_model_from_a_flow_that_is_there_for_a_moment(old: World) -> None:
    file = archive(old.place / "model.tar", old.key, listing())
    assert "wrong release" in old.refused("import", str(file), "--yes").message, "it came from Serving 2"
    made = _for_1(listing())
    old.said("import", str(archive(old.place / "one.tar", old.key, made)), "--yes")
    assert (old.versions("guest"), old.versions("host"), old.leads_to()) == ([VERSION], [VERSION], VERSION)
    assert "nothing to do" in old.said("import", str(old.place / "one.tar"), "--yes")
    old.said("import", str(archive(old.place / "two.tar", old.key, _for_1(listing(LATER)))), "--yes")
    assert old.leads_to() == LATER
    old.said("back", "lr", "--yes")
    assert old.leads_to() == VERSION
    old.said("export", "--service-id", "lr", "-o", "again.tar")
    with opened(old.place / "again.tar") as found:
        assert (found.listing.needs.since, found.listing.version) == ("1.3", VERSION)
        assert len(found.listing.parts) == 2


def test_serving_1_keeps_what_it_has_loaded_and_says_so(old: World) -> None:
    old.servers["guest"].refuses["publishBind"] = "no"
    done = old.run("import", str(archive(old.place / "one.tar", old.key, _for_1(listing()))), "--yes")
    assert isinstance(done.exception, FatecloudError)
    assert "Serving 1 removes no model" in done.exception.message


def test_serving_1_needs_the_address_of_a_flow_that_is_free(old: World) -> None:
    server = old.servers["host"]
    assert isinstance(server, OldServer)
    server.flow = "192.0.2.1:9380"
    file = archive(old.place / "one.tar", old.key, _for_1(listing()))
    done = old.run("import", str(file), "--yes")
    assert isinstance(done.exception, FatecloudError)
    assert "cannot answer for a flow at 192.0.2.1:9380" in done.exception.message
    assert done.exception.message.startswith(KEYS["host"])


def _for_1(made: Listing) -> Listing:
    return replace(made, needs=Needs("serving-server", "1.3"), release="serving-1.3.3", origin="serving-server 1.3.3")
