"""The kinds of values that say where something is reached: hosts, ports, endpoints, networks."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Any

from fatecloud.inventory.document import Listing, Scalar, Value
from fatecloud.inventory.kinds import BAD, Reader, Text, Whole, refuse
from fatecloud.model.endpoint import Endpoint


def host_of(text: str) -> str:
    """A host name or IP address, checked. Raises ValueError."""
    # Digits and dots can only be an address: 10.0.0 would otherwise pass as a name.
    if ":" in text or re.fullmatch(r"[0-9.]+", text):
        return str(ipaddress.ip_address(text))
    labels = text.rstrip(".").split(".")
    if len(text) > 253 or not all(re.fullmatch(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)", part) for part in labels):  # noqa: PLR2004
        raise ValueError(f"not a host name: {text!r}")
    return text


def endpoint_of(text: str) -> Endpoint:
    """The endpoint in `name:port` or `[IPv6]:port`. Raises ValueError."""
    match = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([^:\s\[\]]+)):([0-9]{1,5})", text)
    if not match or not 0 < int(match[3]) < 65536:  # noqa: PLR2004 - the TCP port range
        raise ValueError(f"not an endpoint: {text!r}")
    return Endpoint(host_of(match[1] or match[2]), int(match[3]))


_NETWORK = "[0-9A-Fa-f.:]{2,45}(/[0-9]{1,3})?"


@dataclass(frozen=True, slots=True)
class Networks:
    """An address or a network, or a list of them."""

    what: str = "IP addresses and networks: [203.0.113.7, 198.51.100.0/24]"

    def read(self, value: Value, reader: Reader, path: str) -> Any:
        """A tuple of networks, each with its length: `203.0.113.7/32`."""
        items = value.items if isinstance(value, Listing) else [value]
        if not items:
            return refuse(value, reader, path, self.what)
        found = [self._network(item, reader, path) for item in items]
        return BAD if BAD in found else tuple(dict.fromkeys(found))

    def _network(self, item: Value, reader: Reader, path: str) -> Any:
        text, hint = item.text if isinstance(item, Scalar) else "", self.what
        # Python takes what follows a `%` as it is, and these texts go into the proxy's and the units' files.
        if re.fullmatch(_NETWORK, text):
            try:
                network = ipaddress.ip_network(text, strict=False)
            except ValueError:
                return refuse(item, reader, path, hint)
            if network.network_address == ipaddress.ip_interface(text).ip:
                return str(network)
            hint = f"{network}, whose bits after the length are 0"
        return refuse(item, reader, path, hint)

    def schema(self) -> dict[str, Any]:
        """A text, or a list of texts."""
        network = {"type": "string", "pattern": f"^{_NETWORK}$"}
        return {"anyOf": [network, {"type": "array", "minItems": 1, "items": network}]}


HOST = Text("a host name or IP address", r"[A-Za-z0-9._:-]{1,253}", host_of)
ENDPOINT = Text("host:port or [IPv6]:port", r"[A-Za-z0-9._:\[\]-]{3,262}", endpoint_of)
PORT = Whole(1, 65535)
