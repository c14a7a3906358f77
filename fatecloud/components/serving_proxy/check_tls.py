"""What can be wrong with the TLS of Serving's proxy: its files, whether it speaks it, and what two parties agree on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from fatecloud.components.certificate_checks import Speaker, certificate_checks
from fatecloud.components.judging import answer_of, finding, verb
from fatecloud.components.serving_proxy.partners import KIND
from fatecloud.components.serving_proxy.probe_state import PLAINTEXT
from fatecloud.components.serving_proxy.service import STATE
from fatecloud.model.check import Code, ServiceView, service_check
from fatecloud.model.finding import Finding
from fatecloud.model.remedy import PUT_BACK

__all__ = ["certificate", "handshakes", "over_tls"]

certificate, handshakes = certificate_checks(
    Speaker(
        component="serving-proxy",
        prefix="SERVING",
        name="serving-proxy",
        kind=KIND,
        without="it does not start",
        port="your serving-proxy, with TLS",
        stops=("SERVING_PROXY_UNUSABLE", "SERVICE_RESTARTING", "SERVICE_CRASHED", "SERVICE_FAILED", "SERVICE_HUNG"),
    )
)
NOT_IN_FORCE = Code(
    "SERVING_TLS_NOT_IN_FORCE",
    "critical",
    "Serving's proxy takes plaintext from other parties, and the inventory says that it speaks TLS.",
    ("node",),
    explains=("FILE_DRIFTED", "RESTART_PENDING", "SERVING_PEER_TLS"),
    settles=False,
)


@service_check(NOT_IN_FORCE, component="serving-proxy", after=("SERVICE_HUNG",))
def over_tls(view: ServiceView) -> Iterator[Finding]:
    """Its port for other parties takes no plaintext where it has certificates."""
    answer = answer_of(view, STATE)
    if not answer["ok"] and answer["kind"] == PLAINTEXT:
        yield finding(
            view,
            NOT_IN_FORCE,
            f"port {answer['port']}: {answer['error']}",
            STATE,
            cause="its settings were changed by hand: where one of its files is not named, or `negotiationType` is not "
            "TLS, it takes plaintext, and says so in its log alone",
            remedy=(*PUT_BACK, replace(verb(view, "restart"), when="if the deploy has nothing to do")),
            expected="TLS, with a certificate of each client",
            got=PLAINTEXT,
        )
