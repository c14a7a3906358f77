"""What two exports say of one fault: each row of the table, from facts of two parties, and what they say together."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import product
from typing import Any

import jsonschema
import pytest
from component_world import desired, say
from two_sides_world import (
    DOWN,
    LATE,
    OSX,
    PAIR,
    PAIRS,
    ROUTERS,
    STAR,
    about,
    behind,
    both,
    facts,
    found,
    found_as,
    large_inside,
    reported,
    seen_as,
    side,
    to_partner,
)

from fatecloud.checks.diagnosis import diagnose
from fatecloud.checks.one_side import one_side
from fatecloud.checks.two_sides import found_at, seen_by
from fatecloud.checks.verdicts import TABLE, Found, Row, verdict
from fatecloud.model.diagnosis import Diagnosis, Side
from fatecloud.model.export import Export, SeenFault, SeenWay
from fatecloud.report.diagnosis import diagnosis_document, diagnosis_text
from fatecloud.report.envelope import document_text
from fatecloud.report.kind_schema import output_schema
from fatecloud.workflow.diagnose import apart


def origin(export: Export, *, ours: bool, age: float = 60.0) -> Side:
    return Side(export.parties, ours, "SHA256:x", "", export.taken, age, export.program)


def judged(ours: Export, theirs: Export | None = None, **more: Any) -> Diagnosis:
    sides = [origin(ours, ours=True, **more)]
    sides += [origin(theirs, ours=False, **more)] if theirs else []
    return diagnose(ours, theirs, tuple(sides), apart(ours, theirs) if theirs else "")


def way(export: Export, source: str, party: str, role: str = "fateflow") -> SeenWay:
    (one,) = [
        one for one in export.ways if (one.way.source, one.way.party) == (source, party) and role in one.way.roles
    ]
    return one


def receiver(row: Row, example: str) -> Export | None:
    """Party 10000's own export, made for party 9999."""
    if row.found == "none":
        return None
    if row.found == "inside":
        return side(example, "9999", large_inside(example))
    example = STAR if row.found == "exchange" else example
    return side(example, "9999", **found_as("well" if row.found == "*" else row.found, example))


@pytest.mark.parametrize("example", PAIRS)
@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.seen}-{row.found}")
def test_each_row_of_the_table_names_what_two_facts_files_say(row: Row, example: str) -> None:
    theirs = receiver(row, example)
    if row.seen == "unseen":
        assert theirs is not None
        at_home, out, fault = found_at(theirs, "10000", way(theirs, "9999", "10000")), None, judged(theirs)
    else:
        source, changes = seen_as(row.seen, example)
        # What makes a way end at its own begin is found there, too.
        stopped = (found("SERVICE_STOPPED", f"9999/{ROUTERS[example]}@a1"),) if row.seen == "own" else ()
        ours = side(source, "10000", *changes, more=stopped)
        out = way(ours, "9999", "10000")
        at_home = found_at(theirs, "10000", way(theirs, "9999", "10000") if theirs else None)
        fault = judged(ours, theirs)
    assert seen_by(out) == row.seen
    assert row.found in (*at_home.found, "*")
    assert verdict(seen_by(out), at_home.found) == row
    side_named = {"sender": "9999", "receiver": "10000", "": ""}[row.whose]
    if row.place == "exchange":
        side_named = "9999" if row.seen == "exchange" else "10000"  # whose export has it
    named = [(one.place, one.side) for one in fault.faults if ("9999", "10000") in one.ways]
    if row.place == "none":
        assert named == []
    elif row.place == "unknown":
        assert named == []
        assert any(line.startswith("from 9999 to 10000: ") for line in fault.open)
    else:
        assert (row.place, side_named) in named
        assert fault.exit_status == 1


def test_the_table_has_an_answer_for_whatever_two_sides_say() -> None:
    words = {row.seen for row in TABLE}
    places: tuple[Found, ...] = (
        "router",
        "node",
        "end",
        "needed",
        "inside",
        "well",
        "unread",
        "none",
        "gone",
        "exchange",
    )
    assert all(verdict(seen, {place}) for seen, place in product(words, places))
    assert len({(row.seen, row.found) for row in TABLE}) == len(TABLE)
    for seen in words:
        rows = [row for row in TABLE if row.seen == seen]
        assert [row.found for row in rows].index("*") == len(rows) - 1, "nothing is below what fits all"


@pytest.mark.parametrize("example", PAIRS)
def test_two_healthy_sides_have_nothing_at_fault(example: str) -> None:
    for ours, theirs in (both(example), both(example)[::-1]):
        fine = judged(ours, theirs)
        assert (fine.faults, fine.open, fine.exit_status) == ((), (), 0)
        assert fine.between == (theirs.partner, ours.partner)


@pytest.mark.parametrize("example", PAIRS)
def test_a_stopped_router_is_one_fault_with_both_ways_at_either_side(example: str) -> None:
    key = f"10000/{ROUTERS[example]}@b1"
    changes = (*to_partner(example, **DOWN), say("10000/flow@b1:flow.proxy", **DOWN))
    ours, theirs = both(example, *changes, more=(found("SERVICE_STOPPED", key),))
    for one, other in ((ours, theirs), (theirs, ours)):
        (fault,) = judged(one, other).faults
        assert (fault.place, fault.side, fault.subject, fault.certain) == ("router", "10000", key, True)
        assert set(fault.ways) == {("9999", "10000"), ("10000", "9999")}
        assert any("SERVICE_STOPPED" in sentence for sentence in fault.evidence)
        assert any("connection refused" in sentence for sentence in fault.evidence)


@pytest.mark.parametrize("example", PAIRS)
def test_one_closed_direction_is_the_network_in_that_direction(example: str) -> None:
    ours, theirs = both(example, *to_partner(example, **LATE))
    (fault,) = judged(ours, theirs).faults
    assert (fault.place, fault.side, fault.ways, fault.certain) == ("network", "", (("9999", "10000"),), True)
    assert any("found no fault" in sentence for sentence in fault.evidence)


@pytest.mark.parametrize("kind", ["timeout", "refused"])
def test_brokers_have_a_way_of_their_own(kind: str) -> None:
    answer = about("9999/rabbitmq@a1:rabbitmq.peers", "10000", ok=False, kind=kind, error="no")
    ours, theirs = both(PAIR, answer)
    (fault,) = judged(ours, theirs).faults
    assert (fault.place, fault.ways) == ("network", (("9999", "10000"),))
    stopped = found("SERVICE_STOPPED", "10000/rabbitmq@b1")
    (fault,) = judged(*both(PAIR, answer, more=(stopped,))).faults
    assert (fault.place, fault.side, fault.subject) == ("router", "10000", "10000/rabbitmq@b1")


def test_an_exchange_is_one_fault_with_the_finding_that_names_it() -> None:
    gone = about("9999/osx@a1:osx.peers", "10000", exchange=True, **DOWN)
    (fault,) = judged(*both(STAR, gone, more=(found("SERVICE_STOPPED", "hub/osx@hub"),))).faults
    assert (fault.place, fault.subject, fault.side) == ("exchange", "hub/osx@hub", "10000")
    assert set(fault.ways) == {("9999", "10000"), ("10000", "9999")}
    assert any("SERVICE_STOPPED at hub/osx@hub" in sentence for sentence in fault.evidence)


def test_other_parties_of_one_side_are_not_to_blame() -> None:
    stopped = found("SERVICE_STOPPED", "11000/mysql@c1")
    assert judged(*both(STAR)).exit_status == 0
    assert judged(*both(STAR, more=(stopped,))).exit_status == 0


def test_the_partners_engine_is_named_although_both_ways_work() -> None:
    down = found("SERVICE_STOPPED", "10000/clustermanager@b1")
    (fault,) = judged(*both(OSX, more=(down,))).faults
    assert (fault.place, fault.side, fault.subject) == ("needed", "10000", "10000/clustermanager@b1")
    worker = found("SERVICE_STOPPED", "10000/nodemanager@b1")
    (fault,) = judged(*both(OSX, more=(worker,))).faults
    assert (fault.place, fault.subject) == ("needed", "10000/nodemanager@b1")


def test_one_side_says_what_it_can_and_that_the_other_half_is_missing() -> None:
    half = judged(side(OSX, "10000"))
    assert (half.faults, half.exit_status) == ((), 3)
    assert half.open == ("from 10000 to 9999: only party 10000 can try it; its export is missing",)
    blocked = judged(side(OSX, "10000", *to_partner(OSX, **LATE)))
    (fault,) = blocked.faults
    assert (fault.place, fault.side, fault.certain) == ("network or router", "", False)
    own = judged(side(OSX, "10000", more=(found("SERVICE_HUNG", "9999/flow@a1"),)))
    (fault,) = own.faults
    assert (fault.place, fault.side, fault.subject, fault.certain) == ("end", "9999", "9999/flow@a1", False)


def test_since_when_it_is_so_is_evidence() -> None:
    hung = replace(found("SERVICE_HUNG", "10000/flow@b1"), began=1_795_000_000.0)
    (fault,) = judged(*both(OSX, more=(hung,))).faults
    assert any("since 2026-11-18 11:06:40 UTC" in sentence for sentence in fault.evidence), fault.evidence


def test_a_time_that_a_node_made_up_is_left_out() -> None:
    for began in (1e14, -1.0):
        hung = replace(found("SERVICE_HUNG", "10000/flow@b1"), began=began)
        assert [fault.began for fault in both(OSX, more=(hung,))[1].faults] == [None]


def test_a_side_that_does_not_say_how_its_ways_end_is_not_heard() -> None:
    ours, theirs = both(OSX, *to_partner(OSX, **LATE))
    (fault,) = judged(ours, replace(theirs, ways=())).faults
    assert (fault.place, fault.certain) == ("network or router", False)


def test_warnings_and_what_something_else_explains_are_not_causes() -> None:
    effect = replace(found("SERVICE_HUNG", "10000/flow@b1"), severity="warning")
    assert judged(*both(OSX, more=(effect,))).exit_status == 0
    ours, theirs = both(
        OSX, more=(found("SERVICE_STOPPED", "10000/mysql@b1"), found("SERVICE_RESTARTING", "10000/flow@b1"))
    )
    faults = judged(ours, theirs).faults
    assert "10000/mysql@b1" in [fault.subject for fault in faults]


def test_a_changed_file_is_the_reason_and_what_it_breaks_is_at_fault() -> None:
    drifted = found("FILE_DRIFTED", "10000/osx@b1")
    wrong = say("10000/osx@b1:osx.state", ok=False, kind="party", error="it is the router of party 7")
    (fault,) = judged(*both(OSX, wrong, more=(drifted,))).faults
    assert (fault.place, fault.side, fault.subject) == ("router", "10000", "10000/osx@b1")
    assert any("OSX_UNUSABLE" in line and "explained by FILE_DRIFTED@10000/osx@b1" in line for line in fault.evidence)


def test_versions_that_do_not_work_together_lead() -> None:
    old = both("eggroll-rollsite")[1]
    new = both(OSX)[0]
    found_faults = judged(new, old).faults
    assert found_faults[0].place == "versions"
    assert found_faults[0].evidence[0].startswith("FATE 2.2.0 and FATE 1.11.4 cannot run a job together")
    # A release that this program does not have is judged by its name.
    later = replace(old, releases={"10000": "fate-1.11.9"})
    assert judged(new, later).faults[0].evidence[0].startswith("FATE 2.2.0 and FATE 1.11.9 cannot run")
    other = judged(both(OSX)[0], both(PAIR)[1]).faults
    assert other[0].place == "versions"
    assert "architecture eggroll" in other[0].evidence[0]


def test_the_broker_that_may_not_pass_messages_is_a_matter_of_versions() -> None:
    far = about("9999/rabbitmq@a1:rabbitmq.peers", "10000", ok=True, version="4.0.5", endpoint="192.0.2.21:5672")
    (fault,) = judged(*both(PAIR, far)).faults
    assert (fault.place, fault.certain) == ("versions", False)
    assert "RABBITMQ_PEER_VERSION" in fault.evidence[0]


def test_what_a_third_party_does_is_neither_exported_nor_blamed_on_the_two() -> None:
    third = replace(found("OSX_COMMANDS_LOST", "9999/osx@a1"), about="12000/")
    ours, theirs = both(STAR, about("9999/osx@a1:osx.peers", "12000", **DOWN), more=(third,))
    assert [fault.code for fault in ours.faults] == []
    assert judged(ours, theirs).exit_status == 0
    shared, _ = both(STAR, more=(replace(third, about="10000/ 12000/"),))
    assert [(fault.code, fault.about) for fault in shared.faults] == [("OSX_COMMANDS_LOST", ("10000/",))]
    own = replace(third, about="11000/")
    assert [fault.code for fault in both(STAR, more=(own,))[0].faults] == ["OSX_COMMANDS_LOST"]
    assert judged(*both(STAR, more=(own,))).exit_status == 0


def test_what_a_finding_about_a_third_party_explains_stays_in_the_house() -> None:
    seen = facts(STAR)
    cause = replace(found("RABBITMQ_LINK_DOWN", "9999/osx@a1"), about="12000/")
    effect = replace(found("SERVICE_HUNG", "9999/flow@a1"), caused_by=(cause.id,))
    last = replace(found("FLOW_API_DOWN", "9999/flow@a1"), caused_by=(effect.id,))
    other = replace(found("SERVICE_RESTARTING", "9999/flow@a1"), caused_by=(cause.id, "NODE_DISK_FULL@a1"))
    report = replace(reported(STAR, seen), findings=(cause, effect, last, other))
    made = one_side(desired(STAR), seen, report, "10000", "0.1.0")
    assert [fault.code for fault in made.faults] == ["SERVICE_RESTARTING"]


def test_versions_of_a_third_party_are_not_blamed_on_the_two() -> None:
    ours, theirs = both(PAIR)
    version = SeenFault("RABBITMQ_PEER_VERSION", "critical", "9999", "a1", "9999/rabbitmq@a1", outward=True)
    assert judged(replace(ours, faults=(version,)), theirs).faults == ()
    (fault,) = judged(replace(ours, faults=(replace(version, about=("10000/",)),)), theirs).faults
    assert fault.place == "versions"


def test_the_times_of_both_and_their_clocks_are_said() -> None:
    ours, theirs = both(OSX)
    late = replace(theirs, taken=theirs.taken - 3600)
    said = " ".join(judged(ours, late).remarks)
    assert "1 h apart" in said
    ahead = diagnose(ours, theirs, (origin(ours, ours=True), origin(theirs, ours=False, age=-90.0)), "")
    assert any("1 min 30 s in the future: the clock there is ahead" in line for line in ahead.remarks)
    (node,) = theirs.nodes
    skewed = judged(ours, replace(theirs, nodes=(replace(node, skew=-40.0),)))
    assert "the clock of b1 of party 10000 is 40.0 s behind the machine that checked it" in skewed.remarks
    changing = judged(ours, replace(theirs, changing=True))
    assert any("was being changed" in line for line in changing.remarks)


@pytest.mark.parametrize("example", PAIRS)
def test_an_export_says_nothing_of_the_other_sides_nodes(example: str) -> None:
    changes = say("10000/flow@b1:flow.api", ok=False, kind="refused", error="x")
    ours, theirs = both(example, changes)
    assert json.dumps(str(ours)).count("@b1") == 0
    assert json.dumps(str(theirs)).count("@a1") == 0
    router = ROUTERS[example]
    assert [hop.target for hop in way(ours, "9999", "10000").way.hops] == [
        *(f"9999/{router}@a1", "peer:10000", "flow of party 10000")
    ]
    assert [hop.source for hop in way(ours, "10000", "9999").way.hops] == ["peer:10000", f"9999/{router}@a1"]


@pytest.mark.parametrize(
    ("changes", "status"),
    [((), 0), (to_partner(OSX, **LATE), 1), (to_partner(OSX, **behind(ok=False, kind="status", error="no")), 1)],
)
def test_text_and_document_say_the_same(changes: tuple[Any, ...], status: int) -> None:
    judgement = judged(*both(OSX, *changes))
    assert judgement.exit_status == status
    document = json.loads(document_text("Diagnosis", diagnosis_document(judgement), "json"))
    jsonschema.Draft202012Validator(output_schema()).validate(document)
    text = diagnosis_text(judgement, 100)
    assert all(len(line) <= 100 for line in text.splitlines())
    assert ("at fault:" in text) == bool(status)
    assert "ours: party 9999" in text
    assert "a key that is not known here" in " ".join(text.split())


def test_the_number_of_faults_and_of_ways_is_in_plain_words() -> None:
    key = f"10000/{ROUTERS[OSX]}@b1"
    changes = (*to_partner(OSX, **DOWN), say("10000/flow@b1:flow.proxy", **DOWN))
    stopped = judged(*both(OSX, *changes, more=(found("SERVICE_STOPPED", key),)))
    text = " ".join(diagnosis_text(stopped, 200).split())
    assert "concerns the ways from 9999 to 10000, from 10000 to 9999" in text
    assert "between 9999 and 10000: 1 fault, 1 of them certain" in text
    assert "concerns the way from 9999" in diagnosis_text(judged(*both(OSX, *to_partner(OSX, **LATE))), 200)


def test_only_one_file_is_said_to_be_one_half() -> None:
    text = diagnosis_text(judged(side(OSX, "10000")), 80)
    assert "theirs: missing" in text
    assert "not all could be found out" in " ".join(text.split())
