"""nginx's configuration for addresses and for names, and how its probes judge answers."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from component_world import NGINX, desired, rendered, service
from web_fakes import Page, closed_port, serving, silent

from fatecloud.components.nginx import probe_http, probe_peers, probe_upstream
from fatecloud.components.nginx.passed import PATHS
from fatecloud.model.service import FileSpec
from fatecloud.render.files import render_specs
from fatecloud.shipped import folder

NAMED = "9999/nginx@edge"


def test_every_party_has_a_way_and_everybody_else_has_none() -> None:
    conf = rendered(NGINX)["conf/nginx.conf"].text
    ways = re.search(r"map \$http_dest_party_id \$route \{(.*?)\}", conf, re.DOTALL)
    assert ways is not None
    assert [line.strip() for line in ways[1].strip().splitlines()] == [
        'default "";',
        '"10000" party_10000;',
        '"9999" party_9999;',
    ]
    assert re.findall(r"upstream (\w+) \{\s+server ([^;]+);", conf) == [
        ("party_10000", "192.0.2.21:9300"),
        ("party_9999", "127.0.0.1:9380"),
    ]
    assert "return 404" in conf
    assert conf.count("{") == conf.count("}")


def test_the_paths_that_pass_are_all_that_two_flows_need_of_each_other() -> None:
    conf = rendered(NGINX)["conf/nginx.conf"].text
    passed = re.search(r"map \$request_method:\$uri \$passed \{(.*?)\n    \}", conf, re.DOTALL)
    assert passed is not None
    first, *lines = [line.strip() for line in passed[1].strip().splitlines()]
    assert first == 'default "";'
    assert sorted(lines) == sorted(f'"~^POST:{path}\\z" {path};' for path in PATHS)
    # What reaches a flow is a path of the list, whatever the request said.
    assert re.findall(r"proxy_pass (.*);", conf) == ["http://$route$passed"] * 2
    assert set(re.findall(r"location (.*) \{", conf)) == {"= /fatecloud/health", "= /fatecloud/route", "/"}


def test_its_routes_are_shown_on_loopback_alone() -> None:
    conf = rendered(NAMED, "multi-node")["conf/nginx.conf"].text
    inbound, outbound = conf.split("    server {\n")[1:]
    assert re.findall(r"listen (.*);", inbound) == ["0.0.0.0:9300"]
    assert re.findall(r"listen (.*);", outbound) == ["127.0.0.1:9301", "198.51.100.14:9301"]
    assert "/fatecloud/route" not in inbound
    assert "if ($remote_addr != 127.0.0.1) {" in outbound


def test_with_addresses_only_nothing_runs_before_it() -> None:
    assert service(NGINX).process.pre == ()
    assert "bin/prepare" not in rendered(NGINX)
    assert "include" not in rendered(NGINX)["conf/nginx.conf"].text


def test_it_does_not_wait_for_flow_but_flow_for_it() -> None:
    assert [(e.target, e.kind, e.hard) for e in service(NGINX).edges] == [
        ("9999/flow@a1", "upstream", False),
        ("10000/nginx@b1", "proxy", False),
        ("10000/flow@b1", "peer_flow", False),
    ]
    stages = desired().stages
    assert [NGINX in stage for stage in stages] == [True, False]


def test_a_peer_by_name_is_left_to_the_script_before_the_start() -> None:
    conf = rendered(NAMED, "multi-node")["conf/nginx.conf"].text
    assert "fate.partner.example" not in conf
    assert re.findall(r"include \S*/run/(\S+);", conf) == ["resolver.conf", "named.map", "named.upstreams"]
    assert service(NAMED, "multi-node").process.pre == (("/data/projects/fate/bank-eeeeee-9999-nginx/bin/prepare",),)


def prepare(home: Path, named: dict[str, dict[str, Any]]) -> dict[str, str]:
    """What the script leaves in `run/` for the parties given."""
    (spec,) = (s for s in service(NAMED, "multi-node").specs if s.template == "nginx/prepare.sh.j2")
    changed: FileSpec = replace(spec, values={**spec.values, "home": str(home), "named": named})
    (file,) = render_specs((changed,), NAMED, folder("templates"))
    (home / "run").mkdir()
    (home / "prepare").write_text(file.text)
    subprocess.run(["sh", home / "prepare"], check=True)
    return {path.name: path.read_text() for path in (home / "run").iterdir()}


def test_a_name_of_the_hosts_file_is_pinned_and_another_one_asked_at_each_request(tmp_path: Path) -> None:
    named = {"1": {"host": "localhost", "port": 9301}, "2": {"host": "fate.invalid", "port": 9302}}
    made = prepare(tmp_path, named)
    assert made["named.map"] == '"1" party_1;\n"2" fate.invalid:9302;\n'
    assert made["named.upstreams"] == "upstream party_1 { server localhost:9301; }\n"
    assert re.fullmatch(r"(resolver( \S+)+ valid=60s;\n)?", made["resolver.conf"])


HEALTH: dict[str, Page] = {
    "/fatecloud/health": (200, {"service": "nginx", "party": "9999"}),
    "/fatecloud/route": (200, {"route": "party_x"}),
}


def http(pages: dict[str, Page]) -> dict[str, Any]:
    with serving(HEALTH | pages) as port:
        return probe_http.judge("127.0.0.1", port, "9999", port, ["10000"])


def test_it_is_asked_for_its_party_and_for_each_way() -> None:
    seen: list[dict[str, str]] = []
    with serving(HEALTH, seen) as port:
        assert probe_http.judge("127.0.0.1", port, "9999", port, ["10000"]) == {
            "ok": True,
            "party": "9999",
            "missing": [],
        }
    assert [headers.get("dest-party-id") for headers in seen] == [None, "9999", "10000"]


def test_a_way_that_the_running_configuration_lacks_is_missing() -> None:
    assert http({"/fatecloud/route": (200, {"route": ""})})["missing"] == ["10000", "9999"]


@pytest.mark.parametrize("page", [(200, {"party": "7"}), (200, "<html>"), (404, "no"), (200, [])])
def test_another_web_server_is_not_taken_for_ours(page: Page) -> None:
    assert http({"/fatecloud/health": page})["kind"] == "foreign"


def test_nothing_on_the_port_is_refused() -> None:
    assert probe_http.judge("127.0.0.1", closed_port(), "9999", 1, [])["kind"] == "refused"


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ((200, {"code": 2000}), (True, None)),
        ((200, {"code": 5001}), (True, None)),
        ((200, {"code": 100}), (False, "code")),
        ((403, {"code": 403, "message": "nginx of party 9999: it knows no party at 192.0.2.7"}), (False, "denied")),
        ((403, {"message": "nginx/1.22"}), (False, "status")),
        ((403, ["x"]), (False, "status")),
        ((502, "Bad Gateway"), (False, "refused")),
        ((504, "Gateway Time-out"), (False, "timeout")),
        ((404, {"code": 404}), (False, "status")),
        ((200, "<html>"), (False, "foreign")),
    ],
)
def test_what_comes_back_through_the_proxy(page: Page, expected: tuple[bool, str | None]) -> None:
    with serving({COLLECT: page}) as port:
        answer = probe_upstream.judge("127.0.0.1", port, "9999")
    assert (answer["ok"], answer.get("kind")) == expected


COLLECT = "/v2/partner/task/collect"
NO_TASK: Page = (200, {"code": 2000, "message": "No found task: job_id[0]"})


def peers(own: dict[str, Page], theirs: dict[str, Page]) -> dict[str, Any]:
    with serving(own) as ours, serving(theirs) as other:
        answer = probe_peers.judged_parties([f"127.0.0.1:{ours}", f"10000=127.0.0.1:{other}"])
    return dict(answer["peers"]["10000"])


def test_a_question_goes_through_the_own_proxy_to_the_other_flow() -> None:
    seen: list[dict[str, str]] = []
    with serving({COLLECT: NO_TASK}, seen) as ours, serving({"/fatecloud/health": (200, {"party": "10000"})}) as other:
        answer = probe_peers.judged_parties([f"127.0.0.1:{ours}", f"10000=127.0.0.1:{other}"])
    assert answer["ok"]
    assert answer["peers"]["10000"]["behind"] == {"ok": True, "code": 2000}
    (asked,) = seen
    assert (asked["dest-party-id"], asked["service"]) == ("10000", "fateflow")
    assert 4 * 1460 < int(asked["content-length"]) < 8192, "several full packets, and no file of a small proxy"


@pytest.mark.parametrize(
    ("page", "kind"),
    [
        ((502, "Bad Gateway"), "status"),
        ((504, "Gateway Time-out"), "status"),
        ((404, {"code": 404}), "status"),
        ((200, "<html>"), "foreign"),
        ((200, []), "foreign"),
        ((200, {"code": 2003, "message": "Can't connect to MySQL server"}), "code"),
    ],
)
def test_any_other_answer_of_the_proxies_is_not_a_flow(page: Page, kind: str) -> None:
    flow = peers({COLLECT: page}, {})["behind"]
    assert (flow["ok"], flow["kind"]) == (False, kind)


@pytest.mark.parametrize("code", [0, 2000, 5001])
def test_flows_own_codes_prove_it(code: int) -> None:
    assert peers({COLLECT: (200, {"code": code})}, {})["behind"]["ok"]


def test_before_there_is_an_own_proxy_the_other_one_is_asked_directly() -> None:
    with serving({COLLECT: NO_TASK}) as other:
        answer = probe_peers.judged_parties([f"127.0.0.1:{closed_port()}", f"10000=127.0.0.1:{other}"])
    assert answer["peers"]["10000"]["behind"]["ok"]


def test_an_own_proxy_that_does_not_know_the_party_yet_is_passed_by() -> None:
    # The partner has just joined the inventory of a cluster that runs: preflight asks before the deploy.
    answer = peers({}, {COLLECT: NO_TASK})
    assert (answer["ok"], answer["behind"]) == (True, {"ok": True, "code": 2000})
    assert peers({}, {})["behind"]["kind"] == "status"


@pytest.mark.parametrize(
    ("own", "theirs"),
    [
        ({}, {"/fatecloud/health": (200, {"party": "\x1b[31m\u202e" + "9" * 50000})}),
        ({}, {"/fatecloud/health": (200, "x" * 100000)}),
        ({COLLECT: (200, {"code": 7, "message": "\x1b[2J" + "x" * 50000})}, {}),
        ({COLLECT: (200, "x" * 100000)}, {}),
        ({COLLECT: (200, "[" * 60000)}, {"/fatecloud/health": (200, "[" * 60000)}),
        ({COLLECT: (200, '{"code": Infinity}')}, {"/fatecloud/health": (200, '{"party": [[[1]]]}')}),
    ],
)
def test_what_another_party_answers_is_bounded_and_safe_to_show(own: dict[str, Page], theirs: dict[str, Page]) -> None:
    answer = peers(own, theirs)
    assert not (answer["ok"] and answer["behind"]["ok"])
    texts = [str(one[key]) for one in (answer, answer.get("behind", {})) for key in ("party", "error") if key in one]
    assert all(text.isprintable() and len(text) <= 200 for text in texts)
    assert len(answer.get("party", "")) <= 40
    assert answer.get("kind") != "name", "an answer that cannot be read is not taken for a lost name server"


def test_a_proxy_of_another_party_is_not_asked_further() -> None:
    answer = peers({}, {"/fatecloud/health": (200, {"party": "7"})})
    assert (answer["ok"], answer["kind"], answer["party"]) == (False, "party", "7")


@pytest.mark.parametrize(
    ("short", "seconds", "long_again", "kind"),
    [
        ({"ok": True}, 0.1, {"ok": False, "kind": "silent"}, "large"),
        ({"ok": False, "kind": "silent"}, 0.1, None, "silent"),
        ({"ok": True}, 2.0, None, None),
        ({"ok": True}, 0.1, {"ok": True}, None),
    ],
    ids=["lost twice", "no short answer either", "a busy flow", "an answer to the second long one"],
)
def test_a_route_that_loses_long_questions_only_differs_from_a_flow_that_hangs_or_is_busy(
    monkeypatch: pytest.MonkeyPatch, short: dict[str, Any], seconds: float, long_again: Any, kind: str | None
) -> None:
    answers = [{"ok": False, "kind": "silent"}, short, long_again]
    clock = [0.0]

    limits: list[float] = []

    def ask(_own: str, _party: str, _endpoint: str, _padding: int, limit: float) -> dict[str, Any]:
        clock[0] += seconds
        limits.append(limit)
        return dict(answers.pop(0))

    monkeypatch.setattr(probe_peers, "question", ask)
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    assert probe_peers.flow_behind("", "", "", 17.0).get("kind") == kind
    assert limits[1] == 17.0 - seconds, "a short question gets the rest of the time"


def test_peers_are_distinguished() -> None:
    with serving(HEALTH) as ours, serving({}) as other, silent() as deaf:
        answer = probe_peers.judged_parties(
            [
                f"127.0.0.1:{other}",
                *(f"9999=127.0.0.1:{ours}", f"2=127.0.0.1:{other}", f"3=127.0.0.1:{closed_port()}"),
                *("4=fate.invalid:1", f"5=127.0.0.1:{deaf}"),
            ]
        )
    found = answer["peers"]
    assert (answer["ok"], answer["error"]) == (False, "not reached: 3, 4, 5")
    assert (found["9999"]["party"], found["9999"]["ok"]) == ("9999", True)
    assert (found["2"]["party"], found["2"]["ok"]) == ("", True)
    assert [found[party]["kind"] for party in "345"] == ["refused", "name", "silent"]
