"""Runs on the node: what a service's own settings say, and which of them Serving cannot read. Passwords are left out.

Serving makes numbers with `Integer.valueOf`, which takes no blank around them, and booleans with `Boolean.valueOf`, to
which all that is not `true` is false: see `Bootstrap` of each of its programs.
"""

from __future__ import annotations

import json
import os
import re
import sys
import zipfile
from collections.abc import Iterator
from typing import Any

from fatecloud.probing.dialing import readable
from fatecloud.probing.properties import settings

SINGLE, BATCH, OLD_SINGLE = "feature.single.adaptor", "feature.batch.adaptor", "OnlineDataAccessAdapter"
CLASSES = (SINGLE, BATCH, "feature.batch.single.adaptor", OLD_SINGLE)
"""Where a host's features come from."""
TO_PARTY, TO_APPLICATION, WHOLE = "proxy.grpc.unaryCall.timeout", "proxy.grpc.inference.timeout", "proxy.async.timeout"
OF_SERVER, OF_OLD_SERVER, OF_BATCH = "single.inference.rpc.timeout", "rpc.time.out", "batch.inference.rpc.timeout"
EXPIRES, KEEPS, KEPT_IN = "redis.expire", "remoteModelInferenceResultCacheSwitch", "cache.type"
SHOWN = (
    *CLASSES,
    TO_PARTY,
    TO_APPLICATION,
    WHOLE,
    OF_SERVER,
    OF_OLD_SERVER,
    OF_BATCH,
    EXPIRES,
    KEEPS,
    KEPT_IN,
)
"""Keys that checks judge."""
_NUMBERS = re.compile(
    r"coordinator$|(^|\.)port$|time\.?out$|expire$|TTL$|(core|max|queue|split)\.?size$|pool\.size$|alive\.time$|"
    r"inference\.max$|interval$|maxTotal$|maxIdle$|check\.time$"
)
_BOOLEANS = re.compile(
    r"(useRegister|useZkRouter|acl\.enable|auth\.open|model\.synchronize|remoteModelInferenceResultCacheSwitch|"
    r"print\.(in|out)put\.data|health\.check\.allow|lr\.use\.parallel|admin\.isEncrypt)$"
)
_NEGOTIATION = re.compile(r"(^|\.)negotiationType$")
_WHOLE = re.compile(r"[+-]?[0-9]{1,10}$")
_MOST_JARS = 500


def judge(conf: str, folders: list[str]) -> dict[str, Any]:
    """The document: `values` of the keys in `SHOWN`, `unreadable` ones, and `missing` classes.

    Args:
        conf: the settings.
        folders: with the jars that the service's JVM looks into; empty for one without classes of its own.
    """
    try:
        own = settings(conf)
    except OSError as error:
        return {"ok": False, "kind": "config", "error": f"{conf}: {error.strerror}"}
    wrong = {key: wanted for key, wanted in ((key, _wanted(key, value)) for key, value in own.items()) if wanted}
    unreadable = [{"key": key, "value": shown(own[key]), "wanted": wanted} for key, wanted in sorted(wrong.items())]
    named = dict.fromkeys(own[key].strip() for key in CLASSES if own.get(key, "").strip())
    missing = [readable(name) for name in named if folders and not _is_there(name, folders)]
    values = {key: readable(own[key]) for key in SHOWN if key in own}
    return {"ok": True, "values": values, "unreadable": unreadable, "missing": missing}


def shown(value: str) -> str:
    """A value as people see that there is a blank in it."""
    return f"'{readable(value, 60)}'"


def _wanted(key: str, value: str) -> str:
    """What a value had to be; empty if it is that."""
    if _NUMBERS.search(key):
        return "" if _WHOLE.match(value) else "a whole number without blanks"
    if _BOOLEANS.match(key):
        return "" if value.lower() in ("true", "false") else "true or false"
    if _NEGOTIATION.search(key):
        # A constant of grpc-java; 2.1 does not start with another word, and to 1.3 each other word is plaintext.
        return "" if value in ("PLAINTEXT", "PLAINTEXT_UPGRADE", "TLS") else "PLAINTEXT or TLS"
    return ""


def _is_there(name: str, folders: list[str]) -> bool:
    """Whether one of the jars has a class; Serving 1 looks for a name without a package in its own ones."""
    path = name.replace(".", "/") + ".class"
    for jar in _jars(folders):
        try:
            with zipfile.ZipFile(jar) as archive:
                names = archive.namelist()
        except (OSError, zipfile.BadZipFile):
            continue
        if path in names or ("/" not in path and any(one.endswith(f"/{path}") for one in names)):
            return True
    return False


def _jars(folders: list[str]) -> Iterator[str]:
    left = _MOST_JARS
    for folder in folders:
        names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
        for name in [name for name in names if name.endswith(".jar")][:left]:
            left -= 1
            yield os.path.join(folder, name)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(judge(sys.argv[1], sys.argv[2:])) + "\n")
