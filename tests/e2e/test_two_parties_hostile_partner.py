"""A partner gains nothing but what a job needs: its requests against a real party are refused, and real jobs go on.

The partner is node n2, whose party is in every job; a stranger is an address of n2 that the inventory does not name.
"""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Mapping
from typing import Any

import pytest
from partner_requests import COLLECT, NO_TASK, PAGE, PLANTED, document, exploits, relays, request, ways_around
from program import Program, roots
from raised import RAISED
from two_parties import PARTIES, A, B, edit, home, slug

from fatecloud.components.flow.v2.proof_jobs import toy_dag
from fatecloud.components.nginx.passed import PATHS
from fatecloud.sandbox.nodes import Sandbox

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800), pytest.mark.usefixtures("running")]

PROXY, BROKER = 9300, 5672
INSIDE = {
    "flow": 9380,
    "flow's gRPC": 9360,
    "outbound proxy": 9301,
    "management": 15672,
    "database": 3306,
    "epmd": 4370,
}
FORBIDDEN, NOT_FOUND, TOO_LARGE = 403, 404, 413
_SEND = """
import base64, json, socket, sys
host, port, source, *requests = json.load(sys.stdin)
answers = []
for text in requests:
    received = b""
    try:
        with socket.create_connection((host, port), 5, (source, 0) if source else None) as connection:
            connection.settimeout(5)
            connection.sendall(base64.b64decode(text))
            while len(received) < 1 << 20:
                part = connection.recv(1 << 16)
                if not part:
                    break
                received += part
    except OSError as error:
        received = received or ("no answer: %s" % error).encode()
    answers.append(base64.b64encode(received).decode())
print(json.dumps(answers))
"""
_ROUTES = r"""
import json, pathlib, re, sys
found = []
for file in sorted(pathlib.Path(sys.argv[1]).glob("*/*_app.py")):
    text = file.read_text()
    named = re.search(r"^page_name = ['\"](.*)['\"]", text, re.M)
    page = named.group(1) if named else file.stem[:-4]
    for rule, methods in re.findall(r"@manager\.route\('([^']+)', methods=\[([^\]]+)\]", text):
        found += [[method.upper(), "/v2/" + page + rule] for method in re.findall(r"\w+", methods)]
print(json.dumps(found))
"""
_CALL = """
import json, sys, urllib.request
verb, path, body = json.load(sys.stdin)
data = json.dumps(body).encode() if body is not None else None
headers = {"Content-Type": "application/json"}
page = urllib.request.Request("http://127.0.0.1:9380" + path, data, headers, method=verb)
print(urllib.request.urlopen(page, timeout=120).read().decode())
"""


def answers(
    sandbox: Sandbox,
    requests: Mapping[str, bytes],
    *,
    port: int = PROXY,
    source: str = "",
    node: str = B,
    host: str = "",
) -> dict[str, bytes]:
    """What the other node, or another host, answers to each of these bytes, by their names."""
    target = host or sandbox.addresses[A if node == B else B]
    encoded = [base64.b64encode(data).decode() for data in requests.values()]
    received = json.loads(_python(sandbox, node, _SEND, [target, port, source, *encoded]))
    return dict(zip(requests, map(base64.b64decode, received), strict=True))


def flow(sandbox: Sandbox, node: str, verb: str, path: str, body: Any = None) -> dict[str, Any]:
    """An answer of a node's own flow to its own party."""
    answer: dict[str, Any] = json.loads(_python(sandbox, node, _CALL, [verb, path, body]))
    return answer


def _python(sandbox: Sandbox, node: str, script: str, value: Any) -> str:
    sandbox.write(node, "/root/script.py", script.encode())
    sandbox.write(node, "/root/value.json", json.dumps(value).encode())
    return sandbox.check(node, ["sh", "-c", "python3 /root/script.py < /root/value.json"], timeout=600)


def status_of(answer: bytes) -> int:
    """Status of an HTTP answer; 0 if there is none."""
    found = re.match(rb"HTTP/1\.\d (\d{3}) ", answer)
    return int(found[1]) if found else 0


def reached_flow(answer: bytes) -> bool:
    """Whether any part of the answer is flow's own: its envelope, its server's name, or one of its error pages."""
    return re.search(rb'"code": ?(?!40[34]\b)\d|[Ww]erkzeug|gunicorn|<!doctype html>', answer) is not None


def test_what_was_done_to_a_party_through_its_proxy_is_refused(program: Program, sandbox: Sandbox) -> None:
    config = f"{home(program)}/{slug(program, PARTIES[A], 'flow')}/conf/service_conf.yaml"
    found = answers(sandbox, exploits(config))
    assert {name: status_of(answer) for name, answer in found.items()} == dict.fromkeys(found, FORBIDDEN)
    assert not [name for name, answer in found.items() if reached_flow(answer)]
    password = sandbox.check(A, ["sh", "-c", f"sed -n 's/^ *password: //p' {config}"]).strip().strip('"')
    assert password
    assert not [name for name, answer in found.items() if password.encode() in answer]
    assert sandbox.exec(A, ["test", "-e", PLANTED]).exit != 0
    assert flow(sandbox, A, "GET", "/v2/table/query?namespace=stolen&name=configuration")["code"] != 0


def test_every_page_of_flow_that_no_job_needs_is_refused(program: Program, sandbox: Sandbox) -> None:
    installed = f"{home(program)}/{slug(program, PARTIES[A], 'flow')}/venv/lib/python3.10/site-packages/fate_flow/apps"
    sandbox.write(A, "/root/routes.py", _ROUTES.encode())
    pages = json.loads(sandbox.check(A, ["python3", "/root/routes.py", installed]))
    passed = {path for verb, path in pages if verb == "POST" and path in PATHS}
    assert passed == set(PATHS), "the list has a page that this flow does not have"
    others = {f"{verb} {path}": request(verb, path) for verb, path in pages if path not in PATHS}
    assert len(others) > 60, sorted(others)
    found = answers(sandbox, others)
    assert {name for name, answer in found.items() if status_of(answer) != FORBIDDEN} == set()


def test_no_way_around_the_list_of_paths_reaches_flow(sandbox: Sandbox) -> None:
    (there,) = answers(sandbox, {PAGE: request("GET", PAGE)}, node=A, host="127.0.0.1", port=INSIDE["flow"]).values()
    assert reached_flow(there), "the page shows nothing"
    found = answers(sandbox, ways_around())
    passed = {name: answer[:200] for name, answer in found.items() if reached_flow(answer)}
    assert passed == {}
    assert {name: status_of(answer) for name, answer in found.items() if status_of(answer) < 400} == {}


def test_the_proxy_carries_nothing_to_other_parties(sandbox: Sandbox) -> None:
    found = answers(sandbox, relays())
    assert not [name for name, answer in found.items() if reached_flow(answer)]
    assert {status_of(answer) for answer in found.values()} <= {400, FORBIDDEN, NOT_FOUND}
    assert b"party_10000" not in b"".join(found.values())


def test_only_proxy_and_broker_answer_the_other_node(sandbox: Sandbox) -> None:
    for node in (A, B):
        for name, port in INSIDE.items():
            (answer,) = answers(sandbox, {name: b"GET / HTTP/1.0\r\n\r\n"}, port=port, node=node).values()
            assert b"refused" in answer, (node, name, answer)
        (greeting,) = answers(sandbox, {"": b"AMQP\x00\x00\x09\x01"}, port=BROKER, node=node).values()
        assert greeting.startswith(b"\x01\x00\x00"), greeting
        (health,) = answers(sandbox, {"": request("GET", "/fatecloud/health")}, node=node).values()
        assert b'{"service":"nginx","party":' in health


def test_a_body_beyond_what_jobs_need_is_refused_before_flow_reads_it(sandbox: Sandbox) -> None:
    large = {"": request("POST", COLLECT, headers={"Content-Length": str(17 << 20)})}
    assert status_of(answers(sandbox, large)[""]) == TOO_LARGE
    task = document(**NO_TASK, party_id="9999", padding="x" * (8 << 20))
    assert reached_flow(answers(sandbox, {"": request("POST", COLLECT, task)})[""])


def test_real_jobs_run_are_stopped_rerun_and_fail_as_ever(sandbox: Sandbox) -> None:
    job = str(flow(sandbox, A, "POST", "/v2/job/submit", {"dag_schema": toy_dag("9999", "10000")})["job_id"])
    wait_until(sandbox, job, "running")
    # By the partner, whose flow has to ask the one that schedules the job. It gives that one 30 s, which a busy machine
    # may exceed; the status shows whether the request has arrived.
    flow(sandbox, B, "POST", "/v2/job/stop", {"job_id": job})
    wait_until(sandbox, job, "canceled")
    flow(sandbox, B, "POST", "/v2/job/rerun", {"job_id": job})
    wait_until(sandbox, job, "success")
    wrong = toy_dag("9999", "10000")
    (task,) = wrong["dag"]["tasks"].values()
    task["parameters"]["data_num"] = "many"
    failing = str(flow(sandbox, A, "POST", "/v2/job/submit", {"dag_schema": wrong})["job_id"])
    wait_until(sandbox, failing, "failed")
    refused = sandbox.check(
        B, ["sh", "-c", "journalctl -q -o cat -t fatecloud_nginx_10000 | grep -c '\" 40[34] ' || true"]
    )
    for done in (job, failing):
        flow(sandbox, A, "POST", "/v2/job/clean", {"job_id": done})
        flow(sandbox, B, "POST", "/v2/job/clean", {"job_id": done})
    assert int(refused) == 0, "the narrowed proxy refused a request of a job"


def wait_until(sandbox: Sandbox, job: str, wanted: str, seconds: float = 400) -> None:
    """Wait until both flows give a job this status."""
    deadline = time.monotonic() + seconds
    while True:
        states = [_status(sandbox, node, job) for node in (A, B)]
        if states == [wanted, wanted]:
            return
        assert time.monotonic() < deadline, (job, states)
        time.sleep(2)


def _status(sandbox: Sandbox, node: str, job: str) -> str:
    rows = flow(sandbox, node, "GET", f"/v2/job/query?job_id={job}").get("data") or [{}]
    return str(rows[0].get("status"))


def name_parties(program: Program, addresses: Mapping[str, list[str]], status: int = 0) -> None:
    """Deploy an inventory that says from where each of these parties' connections come, and no other's.

    Args:
        status: 4 where the deploy's own check has to find that a party is shut out.
    """

    def change(document: dict[str, Any]) -> None:
        for party, section in document["parties"].items():
            section.pop("addresses", None)
            if party in addresses:
                section["addresses"] = addresses[party]

    edit(program, change)
    done = program.run("deploy", "--yes", "--no-verify", "--interrupt-jobs", timeout=900)
    assert done.status == status, done


def test_with_named_addresses_a_stranger_gets_nothing_and_jobs_go_on(program: Program, sandbox: Sandbox) -> None:
    stranger = f"{sandbox.addresses[B].rpartition('.')[0]}.213"
    collect = {"": request("POST", COLLECT, document(**NO_TASK, party_id="9999"))}
    sandbox.check(B, ["ip", "address", "add", f"{stranger}/24", "dev", "eth0"])
    try:
        assert reached_flow(answers(sandbox, collect, source=stranger)[""]), "the stranger cannot reach the node"
        a_party_that_is_not_named_is_shown_its_address(program, sandbox)
        name_parties(program, {party: [sandbox.addresses[node]] for node, party in PARTIES.items()})
        for pages in (collect, {"": request("GET", "/fatecloud/health")}):
            answer = answers(sandbox, pages, source=stranger)[""]
            assert (status_of(answer), stranger.encode() in answer) == (FORBIDDEN, True), answer
        assert b"timed out" in answers(sandbox, {"": b"AMQP\x00\x00\x09\x01"}, port=BROKER, source=stranger)[""]
        assert reached_flow(answers(sandbox, collect)[""])
        assert program.wait_for(lambda found: not found["findings"])["findings"] == []
        program.ok("test", "toy")
    finally:
        sandbox.check(B, ["ip", "address", "del", f"{stranger}/24", "dev", "eth0"])
        name_parties(program, {})


def a_party_that_is_not_named_is_shown_its_address(program: Program, sandbox: Sandbox) -> None:
    """The partner's own check says which address the other side misses."""
    with RAISED.expecting("NGINX_PEER_DENIED"):
        name_parties(program, {"10000": ["198.51.100.0/24"]}, status=4)
        report = program.wait_for(lambda found: roots(found) == {"NGINX_PEER_DENIED"})
    # The broker is let in all the same: this address is also where the inventory has it answer.
    assert roots(report) == {"NGINX_PEER_DENIED"}
    (denied,) = (finding for finding in report["findings"] if finding["code"] == "NGINX_PEER_DENIED")
    assert denied["subject"]["owner"] == "10000"
    assert sandbox.addresses[B] in denied["symptom"]
