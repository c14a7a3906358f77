"""Two parties on FATE-Serving whose proxies speak TLS with each other, of upstream's packages.

Each party has a CA of its own, and its certificate is signed by that. They are on nodes of their own, with nothing else
than they need, because the certificates have to be there before the first deploy.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from certificates import Keys, certified
from own_store import import_confirmed, operator
from program import Program
from raised import RAISED
from repairs import repair
from rolling import causes
from serving_groups import pair
from serving_packages import REAL, archives
from servings import predicted
from two_parties import home, label, slug, user

from fatecloud.components.script import parts_of
from fatecloud.model.accounts import own_name
from fatecloud.model.identity import ServiceId
from fatecloud.sandbox.nodes import Sandbox
from fatecloud.workflow.sandbox import Handed

if not (REAL and archives()):
    pytest.skip("FATECLOUD_PACKAGES names no directory with serving", allow_module_level=True)
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(3600)]
RELEASE = "serving-2.1.6"
SIDES = {"guest": ("n1", 9999), "host": ("n2", 10000)}
MEMORY = 5 << 30
PLACE = "/etc/pki/fate"
CERTIFICATE, KEY, CA = f"{PLACE}/proxy.crt", f"{PLACE}/proxy.key", f"{PLACE}/ca.crt"
OUTER = 8869
CODE = "/opt/asking"
_ASK = f"""
import json, sys
sys.path.insert(0, "{CODE}")
from fatecloud.components.serving_server.messages import proxy
from fatecloud.probing.grpc.tls import Tls
host, trust = json.loads(sys.argv[1])
print(json.dumps(proxy(host, {OUTER}, seconds=15, tls=Tls(**trust) if trust else None)))
"""


class Servings:
    """The operator of both parties, their nodes, and their certificates."""

    def __init__(self, program: Program, nodes: Sandbox, place: Path) -> None:
        self.program, self.nodes, self.place = program, nodes, place
        self.keys = {side: self.certified(side) for side in SIDES}
        self.cas = list(self.keys.values())

    def certified(self, side: str, **more: Any) -> Keys:
        """A new key and certificate for a side's node."""
        place = self.place / f"{side}-{len(list(self.place.iterdir()))}"
        place.mkdir()
        valid = {"valid": dt.timedelta(days=60), **more}
        return certified(place, f"{side}.example", self.nodes.addresses[SIDES[side][0]], **valid)

    def put(self, side: str, *, own: Keys | None = None, key: Path | None = None) -> None:
        """Put files on a side's node: as they should be, but for those that are given."""
        node, keys = SIDES[side][0], own or self.keys[side]
        account = user(self.program, side, "serving-proxy")
        cas = b"".join(one.certificate.read_bytes() for one in self.cas)
        self.nodes.check(node, ["install", "-d", "-m", "755", PLACE])
        for path, text in (
            (CERTIFICATE, keys.certificate.read_bytes()),
            (KEY, (key or keys.key).read_bytes()),
            (CA, cas),
        ):
            self.nodes.write(node, path, text)
            self.nodes.check(node, ["sh", "-ec", f"chown {account}: {path}; chmod 400 {path}"])

    def asked(self, side: str, trust: dict[str, str]) -> dict[str, Any]:
        """What the outer port of a side answers to the other side's node."""
        (other,) = (node for name, (node, _) in SIDES.items() if name != side)
        about = json.dumps([self.nodes.addresses[SIDES[side][0]], trust])
        answer: dict[str, Any] = json.loads(self.nodes.check(other, ["python3", "-c", _ASK, about]))
        return answer

    def unit(self, side: str) -> str:
        return f"fatecloud-{slug(self.program, side, 'serving-proxy')}.service"

    def conf(self, side: str) -> str:
        return f"{home(self.program)}/{slug(self.program, side, 'serving-proxy')}/trees/serving-proxy/conf"

    def found(self, *codes: str) -> dict[str, Any]:
        """The first finding that nothing explains, once there are these roots and no others."""
        with RAISED.anything():
            report = self.program.wait_for(lambda report: causes(report) == set(codes), timeout=300)
        assert causes(report) == set(codes), report["findings"]
        (first,) = (one for one in report["findings"] if not one["caused_by"] and one["code"] == codes[0])
        return dict(first)

    def healthy(self) -> None:
        with RAISED.anything():
            report = self.program.wait_for(lambda report: report["status"] == 0, timeout=400)
        assert (report["findings"], report["status"]) == ([], 0)

    def restarted(self, side: str) -> None:
        self.nodes.check(SIDES[side][0], ["systemctl", "restart", self.unit(side)], timeout=120)


@pytest.fixture(scope="module")
def servings(new_sandbox: Callable[..., Handed], tmp_path_factory: pytest.TempPathFactory) -> Servings:
    handed = new_sandbox("servtls", 2, prepared=True, memory=MEMORY)
    place, certificates = tmp_path_factory.mktemp("servtls"), tmp_path_factory.mktemp("certificates")
    empty = place / "empty"
    empty.mkdir()
    program = operator(handed, place, empty, _pair)
    program.ok("release", "fetch", RELEASE)
    import_confirmed(program, [path for path in archives() if "-2.1.6-" in path.name])
    found = Servings(program, handed.sandbox, certificates)
    for side, (node, _) in SIDES.items():
        # As an operator makes it before a first deploy, whose files the account has to read.
        service = ServiceId(label(program), side, "serving-proxy", node)
        made = ["--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
        named = ["--shell", "/usr/sbin/nologin", "--comment", service.stamp, own_name(service)]
        handed.sandbox.check(node, ["useradd", *made, *named])
        for name, text in parts_of("serving-proxy", "probe_state.py").items():
            handed.sandbox.write(node, f"{CODE}/{name.replace('.', '/')}.py", text.encode())
    return found


def _pair(document: dict[str, Any]) -> None:
    for name in ("release", "architecture", "parties"):
        document.pop(name, None)
    document["groups"] = pair(RELEASE, SIDES, ("zookeeper", "redis", "serving-server", "serving-proxy"))
    for group in document["groups"].values():
        group["config"]["serving-proxy"] |= {
            "timeout": 20_000,
            "tls": {"certificate": CERTIFICATE, "key": KEY, "ca": CA},
        }


def refused(servings: Servings) -> str:
    """What a deploy says that changes nothing."""
    with RAISED.expecting("SERVING_CERTIFICATE_UNUSABLE"):
        done = servings.program.run("deploy", "--yes", timeout=600)
    assert done.status != 0
    said = done.out + done.err
    assert "SERVING_CERTIFICATE_UNUSABLE" in said
    assert "guest/serving-proxy" in said
    assert servings.nodes.exec(SIDES["guest"][0], ["test", "-e", servings.conf("guest")]).exit
    return said


def test_files_that_do_not_fit_are_refused_before_anything_is_deployed(servings: Servings) -> None:
    servings.put("host")
    assert f"{CERTIFICATE}: No such file" in refused(servings)
    servings.put("guest", key=servings.keys["host"].key)
    assert "MISMATCH" in refused(servings)
    servings.put("guest", own=servings.certified("guest", valid=dt.timedelta(hours=-1)))
    refused(servings)
    servings.put("guest", own=servings.certified("guest"))
    assert "is signed by none of the CAs" in refused(servings)


def test_with_files_that_fit_both_sides_speak_tls_and_predict(servings: Servings) -> None:
    for side in SIDES:
        servings.put(side)
    with RAISED.anything():
        done = servings.program.ok("deploy", "--yes", timeout=2400)
    assert "route guest -> host: success" in done.out + done.err
    servings.healthy()
    predicted(servings.program, "guest", "host")
    predicted(servings.program, "host", "guest")
    assert "nothing to do" in servings.program.ok("deploy", "--yes").out


def test_the_outer_port_takes_neither_plaintext_nor_a_client_without_a_certificate(servings: Servings) -> None:
    whole = {"ca": CA, "certificate": CERTIFICATE, "key": KEY}
    assert servings.asked("guest", whole) == {"ok": True}
    assert not servings.asked("guest", {})["ok"]
    assert not servings.asked("guest", {"ca": CA})["ok"]


def test_no_key_is_anywhere_else(servings: Servings) -> None:
    line = servings.keys["guest"].key.read_text().splitlines()[1]
    node = SIDES["guest"][0]
    places = [home(servings.program), "/var/log", "/run"]
    assert servings.nodes.exec(node, ["grep", "-rqsF", "-e", line, *places]).exit
    texts = [path.read_bytes() for path in servings.program.inventory.parent.rglob("*") if path.is_file()]
    assert not any(line.encode() in text for text in texts)


def test_a_proxy_that_someone_made_take_plaintext_is_named_and_repaired(servings: Servings) -> None:
    node, conf = SIDES["host"][0], f"{servings.conf('host')}/application.properties"
    servings.nodes.check(node, ["sed", "-i", "s/negotiationType=TLS/negotiationType=PLAINTEXT/", conf])
    servings.restarted("host")
    found = servings.found("SERVING_TLS_NOT_IN_FORCE")
    assert found["subject"]["owner"] == "host"
    assert servings.asked("host", {})["ok"]
    with RAISED.anything():
        assert repair(servings.program, servings.nodes, found)
    servings.healthy()
    assert not servings.asked("host", {})["ok"]


def test_a_key_that_everyone_on_the_node_can_read_is_named_and_closed(servings: Servings) -> None:
    node = SIDES["guest"][0]
    servings.nodes.check(node, ["chmod", "444", KEY])
    found = servings.found("SERVING_KEY_READABLE")
    assert repair(servings.program, servings.nodes, found)
    assert servings.nodes.check(node, ["stat", "-c", "%a", KEY]).strip() == "440"
    servings.healthy()


def test_a_certificate_that_expires_soon_is_a_warning(servings: Servings) -> None:
    own = servings.keys["guest"]
    soon = servings.certified("guest", valid=dt.timedelta(days=12, hours=1))
    servings.keys["guest"] = soon
    # Before the certificate, and beside the CA that it follows: the proxy was not restarted, and shows the old one.
    servings.cas.append(soon)
    try:
        servings.put("guest")
        found = servings.found("SERVING_CERTIFICATE_EXPIRES")
    finally:
        servings.keys["guest"] = own
        servings.put("guest")
    assert (found["severity"], "12 more days" in found["symptom"]) == ("warning", True)
    servings.healthy()


def test_a_partner_whose_ca_is_not_known_is_named(servings: Servings) -> None:
    own = servings.keys["host"]
    servings.keys["host"] = servings.certified("host")
    servings.cas.append(servings.keys["host"])
    try:
        servings.put("host")
        servings.restarted("host")
        found = servings.found("SERVING_PEER_TLS")
    finally:
        servings.keys["host"] = own
        servings.put("host")
        servings.restarted("host")
    assert "/serving-proxy@n1 -> " in found["symptom"] or "/serving-proxy@n2 -> " in found["symptom"]
    servings.healthy()
