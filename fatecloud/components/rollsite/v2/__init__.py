"""The rollsite of EggRoll 2.2 to 2.5."""

from __future__ import annotations

from dataclasses import replace

from fatecloud.components import party_tls
from fatecloud.components.rollsite import tls
from fatecloud.components.rollsite.descriptor import descriptor
from fatecloud.components.rollsite.want import JVM, want
from fatecloud.model.component import ConfigKey

_COMPONENT = descriptor(
    want,
    JVM,
    ConfigKey(
        "keepalive",
        "int",
        120,
        "Seconds without a sign of the other end, after which it is asked for one; without an answer, calls fail "
        "20 s later. Below 120, a rollsite that fatecloud does not deploy ends the connection.",
        15,
        7200,
    ),
    ConfigKey(
        "calls",
        "int",
        1000,
        "Calls that it takes over one connection at a time; more of that partner wait.",
        16,
        100000,
    ),
    *tls.KEYS,
)
COMPONENT = replace(
    _COMPONENT, ports=(*_COMPONENT.ports, tls.SECURE), judge=party_tls.judge, judge_parties=tls.judge_parties
)
