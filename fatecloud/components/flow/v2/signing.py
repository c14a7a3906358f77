"""Signs requests to a flow that requires it, as FATE's own client does. Runs on nodes too: standard library only.

FATE-Flow 2.2.0 checks five headers. Neither path nor body is signed, and the same headers pass again for 60 s.
"""

from __future__ import annotations

import importlib
import json
import os
import time
from typing import Any

ADMIN = "admin"
"""The account that every flow has. Its token is `ADMIN_KEY` in flow's own settings."""
_KEY = "ADMIN_KEY = "


def signed(app: str, token: str, *, site: bool = False) -> dict[str, str]:
    """The headers of one request.

    Args:
        app: id of the account, or of the app that another party gave to this one.
        token: its secret. Only a digest with the time in it leaves this function.
        site: whether a party asks another one; else a client asks its own flow.
    """
    # Flow wants a nonce, and does not remember which ones it has seen.
    nonce, timestamp = f"{int.from_bytes(os.urandom(2), 'big') % 10000:04d}", str(int(time.time() * 1000))
    # The user, or the party that started the job: both may be empty, but a missing header is an error.
    return {
        "appId": app,
        "initiatorPartyId" if site else "userName": "",
        "Timestamp": timestamp,
        "Nonce": nonce,
        "Signature": _md5(_md5(app + nonce + timestamp) + token),
    }


def as_admin(settings: str) -> dict[str, str]:
    """The headers of a request to the flow that has these settings; empty if they cannot be read.

    A flow without client authentication ignores them.

    Args:
        settings: path of its `fate_flow/settings.py`; may be empty.
    """
    try:
        with open(settings, encoding="utf-8") as file:
            lines = [line for line in file if line.startswith(_KEY)]
        return signed(ADMIN, str(json.loads(lines[0][len(_KEY) :])))
    except (OSError, IndexError, ValueError):
        return {}


def as_stranger() -> dict[str, str]:
    """The headers of a signature that expired long ago, for a question that only asks whether a flow answers.

    One that requires signatures then refuses it with code 5000 before it looks into its database. Without these headers
    it would also write a traceback into its log.
    """
    return {"appId": "fatecloud", "initiatorPartyId": "", "Timestamp": "0", "Nonce": "0000", "Signature": "0"}


def _md5(text: str) -> str:
    """In hexadecimal digits; without `hashlib` where that can be, as its import costs a node more than the request."""
    try:
        library: Any = importlib.import_module("_md5")
    except ImportError:  # builds of the RHEL family have OpenSSL's digests only
        library = importlib.import_module("hashlib")
    return str(library.md5(text.encode()).hexdigest())
