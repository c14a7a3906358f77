"""Runs on the node of a flow 2, as its own user: carries one part of a model out of it, or into it.

Flow exports into a directory of its node, and imports from a file that is sent. The paths in that file say whose part
each of its files is, and flow believes them: so they are made here, and those of an export are compared.

Standard input: for `load` a JSON document, name of a file (`TASK/OUTPUT`) -> its bytes in base64.
Standard output: one line of JSON with `ok`, or `kind` (`absent` where there is no such part) and `error`; then bytes.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import re
import shutil
import sys
import urllib.error
import urllib.request
import zipfile
from pathlib import Path
from typing import Any

from fatecloud.components.flow.v2.http_exchange import Stays
from fatecloud.components.flow.v2.signing import as_admin
from fatecloud.probing.dialing import readable

SECONDS = 60.0
MOST = 48 << 20
"""Bytes of the files of a part, so that their document has less than 64 MiB."""
FILES = 1000
PIECE = 8 << 20
NAMES = ("model_id", "model_version", "role", "party_id")
"""What names a part: the first four directories of a path."""
_INSIDE = ("task", "output")
ABSENT = 2005
"""Flow's code for a model that it does not have."""
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_BOUNDARY = "fatecloud-model-5b1e0f0c"
_ANSWER = 1 << 20


def main() -> None:
    """Answer the question that is the only argument."""
    question = json.loads(sys.argv[1])
    octets = b""
    try:
        if question["what"] == "load":
            answer = _import(question, json.loads(sys.stdin.buffer.read(MOST * 2).decode()))
        elif question["what"] == "unload":
            answer = _named(question, "/v2/model/delete")
        else:
            answer, octets = _exported(question)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        answer, octets = {"ok": False, "kind": "file", "error": readable(error)}, b""
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()
    sys.stdout.buffer.write(octets)


def _exported(question: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    place = Path(question["directory"], f"fatecloud-model-{os.getpid()}")
    try:
        answer = _named(question, "/v2/model/export", path=str(place))
        if not answer["ok"]:
            return answer, b""
        (file,) = place.iterdir()
        octets = _document(question, file)
    finally:
        if place.is_dir():
            shutil.rmtree(str(place))
    at = question.get("offset", 0)
    head = {"ok": True, "sha256": hashlib.sha256(octets).hexdigest(), "size": len(octets)}
    return head, octets[at : at + PIECE] if question["what"] == "content" else b""


def _named(question: dict[str, Any], call: str, **more: str) -> dict[str, Any]:
    """What came of a call about the part."""
    body = json.dumps({**{name: question[name] for name in NAMES}, **more}).encode()
    return _post(question, call, body, "application/json")


def _document(question: dict[str, Any], path: Path) -> bytes:
    """The files of an export. Raises ValueError for one that has those of another part."""
    whose = [question[name] for name in NAMES]
    found: dict[str, str] = {}
    room = MOST
    with zipfile.ZipFile(str(path)) as archive:
        for member in [one for one in archive.infolist() if not one.filename.endswith("/")]:
            parts = member.filename.split("/")
            room -= member.file_size
            own, names = parts[: len(NAMES)], parts[len(NAMES) :]
            if own != whose or len(names) != len(_INSIDE) or not all(map(_NAME.fullmatch, names)):
                raise ValueError(f"flow exported a file {member.filename!r}")
            if room < 0 or len(found) >= FILES:
                raise ValueError(f"it has more than {MOST} bytes, or {FILES} files")
            with archive.open(member) as file:
                found["/".join(names)] = base64.b64encode(file.read(member.file_size + 1)).decode()
    return json.dumps(found, sort_keys=True, separators=(",", ":")).encode()


def _import(question: dict[str, Any], document: dict[str, str]) -> dict[str, Any]:
    packed = io.BytesIO()
    whose = "/".join(question[name] for name in NAMES)
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in sorted(document.items()):
            if not all(map(_NAME.fullmatch, name.split("/"))):
                raise ValueError(f"a file {name!r}")
            archive.writestr(f"{whose}/{name}", base64.b64decode(text))
    return _post(question, "/v2/model/import", *_form(question, packed.getvalue()))


def _form(question: dict[str, Any], octets: bytes) -> tuple[bytes, str]:
    """The document of a form, and its type."""
    head = 'Content-Disposition: form-data; name="{}"{}\r\n\r\n'
    parts = [head.format(name, "").encode() + question[name].encode() for name in NAMES[:2]]
    parts.append(head.format("file", '; filename="model.zip"').encode() + octets)
    mark = f"--{_BOUNDARY}".encode()
    body = b"".join(mark + b"\r\n" + part + b"\r\n" for part in parts) + mark + b"--\r\n"
    return body, f"multipart/form-data; boundary={_BOUNDARY}"


def _post(question: dict[str, Any], path: str, body: bytes, kind: str) -> dict[str, Any]:
    headers = {"Content-Type": kind, "Connection": "close", **as_admin(question["settings"])}
    call = urllib.request.Request(question["url"] + path, body, headers)  # noqa: S310 - out of the inventory
    # A proxy from the node's environment must not get a model of ours.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), Stays)
    try:
        with opener.open(call, timeout=SECONDS) as answer:
            text = answer.read(_ANSWER)
    except urllib.error.HTTPError as error:
        text = error.read(_ANSWER)
    except OSError as error:
        return {"ok": False, "kind": "refused", "error": readable(f"{path}: {getattr(error, 'reason', error)}")}
    said = json.loads(text.decode())
    if not isinstance(said, dict) or not isinstance(said.get("code"), int):
        return {"ok": False, "kind": "foreign", "error": f"the answer to {path} is not flow's"}
    if said["code"] == 0:
        return {"ok": True}
    words = readable(f"{path} gets {said['code']}: {said.get('message')}")
    return {"ok": False, "kind": "absent" if said["code"] == ABSENT else "code", "error": words}


if __name__ == "__main__":
    main()
