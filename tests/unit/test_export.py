"""`check --export` and the files of `diagnose`: what leaves the house, what comes back, and what is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from component_world import GOLDEN, NOW, desired
from sessions import a_session
from two_sides_world import LATE, OSX, PAIR, PAIRS, both, facts, side, to_partner
from typer.testing import CliRunner, Result

from fatecloud import catalogue
from fatecloud.checks.diagnosis import diagnose
from fatecloud.checks.engine import judge
from fatecloud.checks.one_side import one_side
from fatecloud.cli.verbs import app
from fatecloud.collect.record import observed_to_json
from fatecloud.components.declared import component_checks
from fatecloud.errors import ArtifactError, FatecloudError, InputError, NoMatch, NotTrusted, SecretsError, UsageError
from fatecloud.inventory import load
from fatecloud.model.desired import Desired
from fatecloud.model.diagnosis import Side
from fatecloud.model.export import LARGEST, Export, SeenFault
from fatecloud.model.finding import Finding, Report, Subject
from fatecloud.model.observed import Fact, NodeFacts, Observed, ProbeAnswer
from fatecloud.report.diagnosis import diagnosis_document, diagnosis_text
from fatecloud.report.envelope import document_text
from fatecloud.report.export import export_document, export_text, signed_part
from fatecloud.report.kind_schema import output_schema
from fatecloud.resolve.desired import resolve
from fatecloud.signing.keys import SigningKey, new_key
from fatecloud.signing.sshsig import BUNDLE, EXPORT, signed
from fatecloud.state.pseudonyms import FILE, pseudonyms
from fatecloud.vault.signing_keys import signing_key
from fatecloud.workflow.diagnose import apart, diagnose_files, in_our_names
from fatecloud.workflow.export import _signed, exporter
from fatecloud.workflow.export_file import read_export
from fatecloud.workflow.export_shape import export_of
from fatecloud.workflow.key import rotate_key
from fatecloud.workflow.secrets import SecretsFiles, init_secrets, open_vault

OBEYS = jsonschema.Draft202012Validator(output_schema())
INVENTORY = """\
apiVersion: fatecloud/v1
cluster: privatebank
id: c3f9a2b1d4e5f607
release: fate-2.2.0
architecture: ARCHITECTURE
defaults:
  ssh: {user: opslogin, key: ~/.ssh/opskey, jump: gatelogin@bastion.private.example:2022}
  service_user: svcfate
  paths: {base: /data/privatebase}
  check: {user: watchlogin, key: ~/.ssh/watchkey}
nodes:
  vaultwest: {address: 10.77.1.11, advertise: 10.78.1.11, bind: 10.78.1.11}
  vaulteast: {address: west.private.example, advertise: 10.78.1.12, bind: 10.78.1.12}
parties:
  "9999":
    public: {proxy: "fate.private.example:9300"BROKER}
    addresses: [203.0.113.77]
    services:
      flow: vaultwest
      mysql: {external: {host: db.private.example, port: 3306, user: dbaccount, password: {secret: mysql.flow}}}
peers:
  "10000": {proxy: "fate.partner.example:9300"PEERBROKER, addresses: [198.51.100.0/28]}
  "12000": {proxy: "fate.third.example:9300"THIRDBROKER, addresses: [192.0.2.0/28]}
"""
BROKERS = {
    "BROKER": ', broker: "mq.private.example:5672"',
    "PEERBROKER": ', broker: "mq.partner.example:5672"',
    "THIRDBROKER": ', broker: "mq.third.example:5672"',
}
PRIVATE = (
    *("privatebank", "c3f9a2", "vaultwest", "vaulteast", "10.77.1.11", "10.78.1.11", "10.78.1.12", "private.example"),
    *("opslogin", "gatelogin", "watchlogin", "svcfate", "dbaccount", "opskey", "watchkey", "privatebase", "bastion"),
    *("203.0.113.77", "198.51.100", "partner.example", "third.example", "12000", "westhost", "10.99.9.9", "adatable"),
    *("ada.l", "carrier", "privatelog"),
)
SAYS = (
    "10.78.1.11: user 'dbaccount'@'10.99.9.9' refused at db.private.example as svcfate on vaultwest (westhost), "
    "see /data/privatebase/adatable and ask ada.l@mail.carrier.example, party 12000; "
    "http://10.99.9.9/x?token=SECRET SECRET"
)


@pytest.fixture(params=["rabbitmq", "eggroll"])
def files(tmp_path: Path, request: pytest.FixtureRequest) -> SecretsFiles:
    text = INVENTORY.replace("ARCHITECTURE", request.param)
    for word in ("PEERBROKER", "THIRDBROKER", "BROKER"):
        text = text.replace(word, BROKERS[word] if request.param == "rabbitmq" else "")
    (tmp_path / "inventory.yml").write_text(text)
    made = SecretsFiles(tmp_path / "inventory.yml")
    init_secrets(made, ("mysql.flow",), lambda _: "planted-database-password")
    return made


def wanted(files: SecretsFiles) -> Desired:
    cluster = load(files.inventory)
    return resolve(cluster, catalogue.releases_of(cluster))


def everything_says(wanted_state: Desired, text: str) -> Observed:
    """Each probe got the same bad answer about everyone, with this text."""
    nodes: dict[str, NodeFacts] = {}
    for node in wanted_state.cluster.nodes:
        probes = {}
        for service in wanted_state.on_node(node):
            bad = {"ok": False, "kind": "refused", "error": text}
            for probe in service.probes:
                document = {**bad, "peers": {"10000": bad, "12000": bad}, "missing": [], "party": "9999"}
                probes[f"{service.id.key}:{probe.name}"] = ProbeAnswer(0, document, None, 0.1)
        states = {service.id.key: {"state": "running", "since": NOW - 60} for service in wanted_state.on_node(node)}
        found = {"clock": {"epoch": NOW}, "services": states, "skew": {"seconds": 0.25, "uncertainty": 0.1}}
        found["identity"] = {"hostname": "westhost.private.example"}
        nodes[node] = NodeFacts(node, {name: Fact(value) for name, value in found.items()}, probes, 0.5)
    return Observed(nodes, NOW, 0.7, {})


def with_logs(report: Report, text: str) -> Report:
    """Also findings on what is not to leave the house: a log, a process, a file."""
    more = [
        Finding(
            "SERVICE_FAILED",
            "critical",
            Subject("9999", "vaultwest", "9999/flow@vaultwest"),
            f"privatelog {text}",
            source="fact services",
        ),
        Finding("PORT_STOLEN", "critical", Subject(node="vaultwest"), f"adaprogram {text}", source="fact listeners"),
    ]
    return replace(report, findings=(*more, *report.findings))


def written(files: SecretsFiles, state: Path, partner: str = "10000") -> tuple[Path, Export]:
    """A file that was exported, and what it is about, with the real names."""
    cluster = wanted(files)
    secret = open_vault(files).read()["mysql.flow"].current
    seen = everything_says(cluster, SAYS.replace("SECRET", secret))
    report = with_logs(judge(cluster, seen, component_checks(), 0), SAYS)
    state.mkdir(exist_ok=True)
    target = state.parent / "ours.json"
    write = exporter(a_session(files.inventory, cluster, state), target, partner)
    write(cluster, seen, report)
    assert str(target) in write.text
    return target, one_side(cluster, seen, report, partner, "0.1.0")


def names_in(export: Any) -> Iterator[str]:
    """Every text but the long ones, which are cut."""
    if isinstance(export, str):
        yield export
    elif is_dataclass(export):
        for field in fields(export):
            if field.name not in ("text", "error"):
                yield from names_in(getattr(export, field.name))
    elif isinstance(export, Mapping):
        yield from names_in(tuple(export.items()))
    elif isinstance(export, tuple):
        for one in export:
            yield from names_in(one)


def test_nothing_private_leaves_and_the_map_gives_all_of_it_back(files: SecretsFiles, tmp_path: Path) -> None:
    target, real = written(files, tmp_path / "c3f9a2b1d4e5f607")
    text = target.read_text()
    assert [word for word in PRIVATE if word.lower() in text.lower()] == []
    assert "planted-database-password" not in text
    assert "adaprogram" not in text, "processes and logs are not quoted"
    OBEYS.validate(json.loads(text))
    assert target.stat().st_mode & 0o777 == 0o600
    kept = tmp_path / "c3f9a2b1d4e5f607" / FILE
    assert kept.stat().st_mode & 0o777 == 0o600
    back = read_export(target).export(pseudonyms(kept.parent).restored)
    names = sorted(names_in(replace(real, program="", tag="", taken=0.0)))
    assert sorted(names_in(replace(back, program="", tag="", taken=0.0))) == names
    assert any("10.78.1.11" in fault.text for fault in back.faults)


def test_a_partners_letter_is_read_in_our_names(files: SecretsFiles, tmp_path: Path) -> None:
    target, _ = written(files, tmp_path / "c3f9a2b1d4e5f607")
    router = next(one["key"] for one in json.loads(target.read_text())["services"] if one["part"] == "router")
    (tmp_path / "letter.txt").write_text(f"Please look at {router}.\x1b[2J\nOurs is node1-aaaa.\n")
    text = in_our_names(files.inventory, tmp_path, tmp_path / "letter.txt")
    assert re.search(r"Please look at 9999/\w+@vaultwest\.", text)
    assert "\x1b" not in text
    assert "Ours is node1-aaaa." in text
    with pytest.raises(UsageError, match="no export of this cluster was made here yet") as caught:
        in_our_names(files.inventory, tmp_path / "other", tmp_path / "letter.txt")
    assert "--state-dir" in caught.value.remedy


def test_an_export_is_for_one_partner(files: SecretsFiles, tmp_path: Path) -> None:
    session = a_session(files.inventory, wanted(files), tmp_path)
    with pytest.raises(UsageError) as caught:
        exporter(session, tmp_path / "x.json", None)
    assert caught.value.remedy == "name it with --for PARTY, one of: 10000, 12000, 9999"
    with pytest.raises(NoMatch, match="party 7 is not known here"):
        exporter(session, tmp_path / "x.json", "7")
    with pytest.raises(NoMatch, match="no party besides 9999"):
        exporter(session, tmp_path / "x.json", "9999")
    with pytest.raises(UsageError, match="no such directory"):
        exporter(session, tmp_path / "none" / "x.json", "10000")
    files.vault.unlink()
    with pytest.raises(SecretsError) as caught_again:
        exporter(session, tmp_path / "x.json", "10000")
    assert caught_again.value.remedy == "fatecloud secrets init"


def big(export: Export, number: int) -> Export:
    fault = SeenFault("NODE_LOADED", "warning", "", "n1", "", outward=False, text="x" * 200)
    return replace(
        export, tag="7c2e", faults=(*export.faults, *(replace(fault, node=f"n{at}") for at in range(number)))
    )


@pytest.mark.parametrize("number", [0, 2000])
def test_a_file_has_200_kb_at_most_and_says_what_is_left_out(number: int) -> None:
    stopped = SeenFault("SERVICE_STOPPED", "critical", "9999", "a1", "9999/osx@a1", outward=False)
    export = replace(side(OSX, "10000"), faults=(stopped,))
    text, fitting = _signed(big(export, number), new_key())
    assert len(text) <= LARGEST
    document = json.loads(text)
    OBEYS.validate(document)
    assert bool(document["left_out"]) == bool(number)
    assert document["findings"][0]["code"] == "SERVICE_STOPPED"
    left = {entry["section"]: entry["number"] for entry in document["left_out"]}
    assert left.get("faults", 0) + len(document["findings"]) == number + 1
    assert len(document["ways"]) == len(export.ways), "what matters most stays"
    assert dict(fitting.left_out) == left


def signed_file(path: Path, document: dict[str, Any], key: SigningKey, purpose: str = EXPORT) -> Path:
    path.write_text(export_text(document, signed(signed_part(document), purpose, key)))
    return path


@pytest.fixture
def pair(tmp_path: Path, files: SecretsFiles) -> tuple[dict[str, Any], dict[str, Any], SigningKey]:
    """Documents of the two sides, and the key of the first."""
    key = signing_key(open_vault(files).read())
    assert key is not None
    ours, theirs = both(OSX)
    return export_document(replace(ours, tag="7c2e")), export_document(replace(theirs, tag="aaaa")), key


def diagnosed(files: SecretsFiles, ours: Path, theirs: Path | None) -> Any:
    return diagnose_files(files, ours, theirs, files.inventory.parent / "state", NOW + 60)


Pair = tuple[dict[str, Any], dict[str, Any], SigningKey]


def test_the_partners_key_is_named_and_compared_with_the_one_that_is_known(
    files: SecretsFiles, pair: Pair, tmp_path: Path
) -> None:
    ours, theirs, key = pair
    stranger = new_key()
    first, second = signed_file(tmp_path / "o", ours, key), signed_file(tmp_path / "t", theirs, stranger)
    found = diagnosed(files, first, second)
    assert [(one.ours, one.trusted) for one in found.sides] == [(True, "this cluster"), (False, "")]
    assert found.sides[1].fingerprint == stranger.public.fingerprint
    assert found.exit_status == 0
    text = files.inventory.read_text()
    named = text.replace("addresses: [198", f"key: {stranger.public.fingerprint}, addresses: [198")
    files.inventory.write_text(named)
    assert diagnosed(files, first, second).sides[1].trusted == "peer 10000"
    files.inventory.write_text(text.replace("addresses: [198", f"key: {new_key().public.fingerprint}, addresses: [198"))
    with pytest.raises(NotTrusted, match="the inventory names SHA256:"):
        diagnosed(files, first, second)
    files.inventory.write_text(text.replace("addresses: [192", f"key: {stranger.public.fingerprint}, addresses: [192"))
    both_named = signed_file(tmp_path / "t", theirs | {"parties": ["10000", "12000"]}, stranger)
    assert diagnosed(files, first, both_named).sides[1].trusted == "", "a third party's key is not the partner's"


def test_a_key_whose_last_day_is_over_is_named_with_that_day(files: SecretsFiles, pair: Pair, tmp_path: Path) -> None:
    ours, theirs, key = pair
    former, current = new_key(), new_key()
    named = (
        f"key: {current.public.fingerprint}, former_key: {former.public.fingerprint} until 2020-01-31, addresses: [198"
    )
    files.inventory.write_text(files.inventory.read_text().replace("addresses: [198", named))
    first, second = signed_file(tmp_path / "o", ours, key), signed_file(tmp_path / "t", theirs, former)
    with pytest.raises(NotTrusted) as caught:
        diagnosed(files, first, second)
    assert f"{former.public.fingerprint}, which counted until 2020-01-31" in caught.value.message
    assert f"{current.public.fingerprint}, which counted" not in caught.value.message


def test_ours_has_to_be_signed_by_this_cluster_also_with_a_former_key(
    files: SecretsFiles, pair: Pair, tmp_path: Path
) -> None:
    ours, theirs, key = pair
    first, second = signed_file(tmp_path / "o", ours, key), signed_file(tmp_path / "t", theirs, new_key())
    with pytest.raises(NotTrusted) as caught:
        diagnosed(files, second, first)
    assert "name your own export first" in caught.value.remedy
    rotate_key(files, "2999-01-01", date(2026, 11, 30))
    assert diagnosed(files, first, None).sides[0].trusted == "this cluster"


def test_two_files_of_one_side_or_of_other_parties_are_refused(files: SecretsFiles, pair: Pair, tmp_path: Path) -> None:
    ours, theirs, key = pair
    first = signed_file(tmp_path / "o", ours, key)
    with pytest.raises(InputError, match="not two sides of one"):
        diagnosed(files, first, first)
    stranger = signed_file(tmp_path / "t", theirs | {"partner": "7", "ways": []}, new_key())
    with pytest.raises(InputError, match="not two sides of one"):
        diagnosed(files, first, stranger)


def _changed(**more: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda document: document | more


def _first(section: str, **more: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda document: document | {section: [document[section][0] | more, *document[section][1:]]}


HOSTILE: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "format": _changed(format=2),
    "no format": _changed(format=True),
    "kind": _changed(kind="CheckReport"),
    "version of the API": _changed(apiVersion="fatecloud/v9"),
    "no parties": _changed(parties=[]),
    "its partner is itself": _changed(partner="10000"),
    "a party that is not a number": _changed(parties=["../x"]),
    "a time that is none": _changed(taken="soon"),
    "a time too far away": _changed(taken="9999999-01-01"),
    "a time after the last one": _changed(taken="9999-12-31T23:59:59-23:59"),
    "a time before the first one": _changed(taken="0001-01-01T00:00:00+23:59"),
    "a time in the last moment": _changed(taken="9999-12-31T23:59:59.999999+00:00"),
    "a time of no zone": _changed(taken="2026-11-18T11:06:40"),
    "ways are a text": _changed(ways="all fine"),
    "services are missing": lambda document: {name: one for name, one in document.items() if name != "services"},
    "too many ways": lambda document: document | {"ways": document["ways"] * 101},
    "a way without hops": _first("ways", hops=[]),
    "a way of others": _first("ways", **{"from": "7"}),
    "a state that there is not": lambda document: (
        document | {"ways": [document["ways"][0] | {"hops": [document["ways"][0]["hops"][0] | {"state": "great"}]}]}
    ),
    "a service of ours": _first("services", key="9999/flow@a1"),
    "a key that is a command": _first("services", key="10000/flow@a1; reboot"),
    "a part that there is not": _first("services", part="boss"),
    "seconds without end": _first("services", seconds=1e300),
    "a node that is a list": _first("nodes", name=["b1"]),
    "releases of lists": _changed(releases={"10000": []}),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_a_partner_made_up_is_refused_in_one_line(
    files: SecretsFiles, pair: Pair, tmp_path: Path, name: str
) -> None:
    ours, theirs, key = pair
    first = signed_file(tmp_path / "o", ours, key)
    second = signed_file(tmp_path / "t", HOSTILE[name](theirs), new_key())
    with pytest.raises(InputError) as caught:
        diagnosed(files, first, second)
    assert caught.value.message.startswith(f"{second}: ")
    assert "\n" not in caught.value.message


RAW: dict[str, tuple[bytes, type[FatecloudError]]] = {
    "empty": (b"", InputError),
    "not text": (b"\xff\xfe", InputError),
    "a list": (b"[]", InputError),
    "NaN": (b'{"apiVersion": NaN}', InputError),
    "deep": (b"[" * 90_000, InputError),
    "large": (b" " * (LARGEST + 1), InputError),
    "not signed": (b'{"apiVersion": "fatecloud/v1", "kind": "CheckExport", "format": 1}', ArtifactError),
    "a signature that is a list": (
        b'{"apiVersion": "fatecloud/v1", "kind": "CheckExport", "format": 1, "signature": []}',
        ArtifactError,
    ),
}


@pytest.mark.parametrize("name", RAW)
def test_a_file_of_another_kind_is_refused(tmp_path: Path, name: str) -> None:
    content, kind = RAW[name]
    (tmp_path / "x.json").write_bytes(content)
    with pytest.raises(kind, match=r"x\.json"):
        read_export(tmp_path / "x.json")
    with pytest.raises(InputError, match="No such file"):
        read_export(tmp_path / "y.json")


def test_changed_content_and_a_signature_for_another_purpose_are_refused(tmp_path: Path) -> None:
    document, key = export_document(replace(side(PAIR, "10000"), tag="7c2e")), new_key()
    path = signed_file(tmp_path / "x.json", document, key)
    assert read_export(path).signature.key == key.public
    laid_out = json.loads(path.read_text())
    path.write_text(json.dumps(laid_out))
    assert read_export(path).signature.key == key.public, "the layout is not signed"
    path.write_text(json.dumps(laid_out | {"changing": True}))
    with pytest.raises(ArtifactError, match="not one of this content"):
        read_export(path)
    with pytest.raises(ArtifactError, match="not one of this content"):
        read_export(signed_file(path, document, key, BUNDLE))


def test_foreign_texts_are_safe_to_show(tmp_path: Path) -> None:
    document = export_document(replace(side(OSX, "9999"), tag="7c2e"))
    document["ways"][0]["hops"][0]["error"] = "\x1b[2Jfine\u202e\n" + "x" * 5000
    read = read_export(signed_file(tmp_path / "x.json", document, new_key())).export()
    error = read.ways[0].way.hops[0].error
    assert error.isprintable()
    assert len(error) < 600


@pytest.mark.parametrize("example", PAIRS)
def test_the_document_obeys_its_schema(example: str) -> None:
    for export in both(example):
        document = export_document(replace(export, tag="7c2e"))
        OBEYS.validate(document | {"signature": signed(signed_part(document), EXPORT, new_key())})


def test_both_verbs_work_on_saved_facts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As two operators type it: each side exports from its facts, and one of them diagnoses."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "inventory.yml").write_text((GOLDEN / f"{OSX}.yml").read_text())
    init_secrets(SecretsFiles(tmp_path / "inventory.yml"))
    seen = facts(OSX, *to_partner(OSX, **LATE))
    (tmp_path / "facts").write_text(observed_to_json(replace(seen, notes={"id": desired(OSX).cluster.id})))

    def run(*words: str) -> Result:
        return CliRunner().invoke(app, [*words], catch_exceptions=False, standalone_mode=False)

    for partner in ("10000", "9999"):
        done = run("check", "--facts", "facts", "--export", f"for-{partner}", "--for", partner)
        assert f"for-{partner}: for party {partner}" in done.stderr
        assert done.return_value == 2, "the status is that of the check"
        assert "@a1" not in (tmp_path / f"for-{partner}").read_text()
    found = run("diagnose", "for-10000", "for-9999", "-o", "json")
    document = json.loads(found.stdout)
    OBEYS.validate(document)
    assert found.return_value == 1
    assert [(fault["place"], fault["ways"]) for fault in document["faults"]] == [
        ("network", [{"from": "9999", "to": "10000"}])
    ]
    assert "9999/osx@a1" in json.dumps(document), "our names are the real ones"
    assert [side["trusted"] for side in document["sides"]] == ["this cluster", "this cluster"]
    half = run("diagnose", "for-10000")
    assert (half.return_value, "theirs: missing" in half.stdout) == (1, True)
    letter = run("diagnose", "--names", "for-10000")
    assert (letter.return_value, "9999/osx@a1" in letter.stdout) == (0, True)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("check --for 10000", "--for is for --export"),
        ("check osx --export x --for 10000", "--export is of the whole cluster"),
        ("check --export x --for 10000 --watch", "are for one check"),
        ("diagnose", "name our export and the partner's"),
        ("diagnose x --names y", "name our export and the partner's"),
    ],
)
def test_words_that_contradict_each_other_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str, message: str
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "inventory.yml").write_text((GOLDEN / f"{OSX}.yml").read_text())
    with pytest.raises(UsageError, match=re.escape(message)):
        CliRunner().invoke(app, words.split(), catch_exceptions=False)


JUNK: tuple[Any, ...] = (None, [], {}, "x" * 1000, -1, 1e308, True, "\x1b[2J", "9999/flow@a1", [[]], {"a": "b"}, "")


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """A way to each kind of entry: of lists the first item alone."""
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
    for name, entry in items:
        yield from leaves(entry, (*path, name))


def replaced(document: dict[str, Any], path: tuple[Any, ...], junk: Any) -> dict[str, Any]:
    changed = json.loads(json.dumps(document))
    place = changed
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = junk
    return dict(changed)


@pytest.mark.parametrize("example", PAIRS)
def test_whatever_is_in_the_place_of_an_entry_is_refused_or_diagnosed(example: str) -> None:
    ours, theirs = both(example, *to_partner(example, **LATE))
    document = export_document(replace(theirs, tag="7c2e"))
    refused = taken = 0
    for path in leaves(document):
        for junk in JUNK:
            try:
                export = export_of(replaced(document, path, junk))
            except ValueError:
                refused += 1
                continue
            taken += 1
            sides = tuple(
                Side(one.parties, one is ours, "SHA256:x", "", one.taken, NOW - one.taken, one.program)
                for one in (ours, export)
            )
            found = diagnose(ours, export, sides, apart(ours, export))
            OBEYS.validate(json.loads(document_text("Diagnosis", diagnosis_document(found), "json")))
            assert "\x1b" not in diagnosis_text(found, 80)
    assert refused > taken > 0
