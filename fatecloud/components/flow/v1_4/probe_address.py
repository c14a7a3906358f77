"""Runs on the node: at which address does flow 1.4 ask itself, and does it listen there?

It takes the address of its node's full name, or where that is a loopback address, the one of a network card with a
usual name (`get_lan_ip` of FATE 1.4.5). Its tasks and its commands between parties take that way.
"""

from __future__ import annotations

import fcntl
import ipaddress
import json
import socket
import struct
import sys
from typing import Any

CARDS = ("bond1", "eth0", "eth1", "eth2", "wlan0", "wlan1", "wifi0", "ath0", "ath1", "ppp0")
SIOCGIFADDR = 0x8915


def judge(networks: list[str]) -> dict[str, Any]:
    """`address`, and what is wrong with it.

    Args:
        networks: with which flow's unit lets it exchange packets; empty for all.
    """
    name, address = socket.getfqdn(), ""
    try:
        address = _own(name)
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as trial:
            trial.bind((address, 0))
    # A label of a name may be too long to be looked up: that is another error than an OSError.
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or error
        if not address:
            return {"ok": False, "kind": "name", "name": name, "error": f"{name} has no address: {why}"}
        found = f"{name} has the address {address}, which is not the node's: {why}"
        return {"ok": False, "kind": "foreign", "name": name, "address": address, "error": found}
    here = {"name": name, "address": address}
    if networks and not any(ipaddress.ip_address(address) in ipaddress.ip_network(one) for one in networks):
        found = f"{name} has the address {address}, whose packets the unit drops"
        return {"ok": False, "kind": "dropped", **here, "error": found}
    return {"ok": True, **here}


def _own(name: str) -> str:
    address = socket.gethostbyname(name)
    for card in CARDS if address.startswith("127.") else ():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
            try:
                found = fcntl.ioctl(asked.fileno(), SIOCGIFADDR, struct.pack("256s", card.encode()))
            except OSError:
                continue
        return socket.inet_ntoa(found[20:24])
    return address


if __name__ == "__main__":
    sys.stdout.write(json.dumps(judge(sys.argv[1:])) + "\n")
