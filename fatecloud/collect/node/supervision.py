"""The supervisors' state of units: systemd by one `systemctl show`, supervisor over its own socket."""

import os
import re
import socket
import time
from typing import Any, Dict, List, Optional, Sequence, Tuple

from .endings import of_program, shift, summary
from .opening import opened, text_in
from .processes import process_of
from .reading import Unreadable, number, output_of, text_of
from .state_words import PROGRAM, UNIT

State = Dict[str, Any]

_PROPERTIES = (
    "Id",
    "LoadState",
    "ActiveState",
    "SubState",
    "UnitFileState",
    "MainPID",
    "ExecMainStartTimestampMonotonic",
    "NRestarts",
    "Result",
    "ExecMainStatus",
    "NeedDaemonReload",
)
_DIRECTIVE = 200
"""Characters of a directive's value: a filter of system calls has thousands, and matters only by being there."""
_SOCKET_SECONDS = 4.0
_STAMP = r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d),\d+ \w+ "
_END = _STAMP + r"exited: (\S+) \((.*)\)"
_LOG_TAIL = 64 << 10
_CLOCKS = 1  # second by which the clock of processes may differ from that of files
_CONFIGURATION = 1 << 20
_PARTS = 1000  # of an answer of supervisord


def units(names: List[str], directives: Sequence[str] = ()) -> Dict[str, State]:
    """State of each systemd unit, `absent` for one that systemd does not know.

    `directives` has the value of each asked one, shortened; a systemd that does not know it prints nothing about it.
    """
    if not names:
        return {}
    # Unit file states need no daemon reload, and the monotonic clock needs no parsing of local dates.
    shown = output_of(["systemctl", "show", "--no-pager", "-p", ",".join((*_PROPERTIES, *directives)), *names])
    boot = time.time() - time.clock_gettime(time.CLOCK_MONOTONIC)
    found = {}
    for name, block in zip(names, shown.strip("\n").split("\n\n")):  # noqa: B905 - Python 3.6 has no strict
        pairs = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        found[name] = _unit(pairs, boot)
        if directives:
            found[name]["directives"] = {key: pairs[key][:_DIRECTIVE] for key in directives if key in pairs}
    missing = [name for name in names if name not in found]
    if missing:
        raise Unreadable("systemctl show printed nothing about " + ", ".join(missing))
    return found


def programs(folder: str, ordered: Dict[str, float], homes: Dict[str, str]) -> Dict[str, State]:
    """State of each program of the supervisor that lives in a folder, `absent` for one that it does not know.

    `ordered` has each program's name, and the time at which a run of ours last started it (0: none did): restarts are
    counted from there, as systemd counts them. `homes` has the directory of each: a program whose file was removed may
    have left its process.
    """
    names = sorted(ordered)
    if not names:
        return {}
    try:
        answers = _ask(folder + "/supervisord.sock")
    except Unreadable as error:
        answers = str(error)
        if not any(_stray(folder, name, homes[name], None) for name in names):
            raise
    ends = _ends(folder + "/supervisord.log")
    found = {}
    for name in names:
        text = _configuration("%s/conf.d/%s.conf" % (folder, name))
        if isinstance(answers, str):
            state = {"state": "stopped" if text is not None else "absent", "result": answers, "pid": None}
            found[name] = dict(_nothing(), **state)
        else:
            restarts = sum(at > ordered[name] for at, _ in ends.get(name, ()))
            found[name] = dict(_program(answers.get(name), restarts), ended=summary(ends.get(name, []), ordered[name]))
        pid = _stray(folder, name, homes[name], found[name]["pid"])
        if pid:
            found[name].update(state="unsupervised", sub="unsupervised", pid=pid, since=_begun(pid))
        found[name]["enabled"] = text is not None and "autostart=false" not in text.replace(" ", "").lower()
    return found


def _unit(pairs: Dict[str, str], boot: float) -> State:
    # `inactive` and states that this version does not know: nothing runs.
    state = UNIT.get(pairs.get("ActiveState", ""), "stopped")
    pid = number(pairs.get("MainPID", "")) or None
    started = number(pairs.get("ExecMainStartTimestampMonotonic", "")) or 0
    since = boot + started / 1e6 if started and state in ("running", "starting", "stopping") else None
    if pairs.get("LoadState") in ("not-found", "masked", "bad-setting", "error"):
        # A unit whose file was removed may leave its process: systemd knows that one as long as it lives.
        left = {"pid": pid, "since": since} if since else {}
        return dict(_nothing(), result=pairs["LoadState"], state="absent", **left)
    return {
        "state": state,
        "sub": pairs.get("SubState", ""),
        "enabled": pairs.get("UnitFileState") in ("enabled", "enabled-runtime", "static", "generated", "alias"),
        "pid": pid,
        "since": since,
        "restarts": number(pairs.get("NRestarts", "")),
        "result": pairs.get("Result", ""),
        "exit": number(pairs.get("ExecMainStatus", "")),
        "needs_reload": pairs.get("NeedDaemonReload") == "yes",
    }


def _program(answer: Optional[Dict[str, Any]], restarts: int) -> State:
    if answer is None:
        return dict(_nothing(), result="not loaded", state="absent")
    name = str(answer["statename"])
    state = PROGRAM.get(name, "stopped")
    # supervisord calls it an end like any other, and so does systemd (`inactive`).
    if name == "EXITED" and answer.get("exitstatus") == 0:
        state = "stopped"
    return {
        "state": state,
        "sub": name.lower(),
        "enabled": False,
        "pid": answer.get("pid") or None,
        "since": float(answer["start"]) if answer.get("start") and state in ("running", "starting") else None,
        "restarts": restarts,
        "result": str(answer.get("spawnerr") or ""),
        "exit": answer.get("exitstatus"),
        "needs_reload": False,
    }


def _nothing() -> State:
    return {
        "state": "absent",
        "sub": "",
        "enabled": False,
        "pid": None,
        "since": None,
        "restarts": None,
        "result": "",
        "exit": None,
        "needs_reload": False,
    }


def _stray(folder: str, name: str, home: str, known: Optional[int]) -> Optional[int]:
    """The process that a program's start script became, where it lives and is not the one that supervisor knows."""
    text = _configuration("%s/conf.d/%s.conf" % (folder, name)) or ""
    directory = re.search(r"^directory=(.+)$", text, re.MULTILINE)
    path = directory.group(1).replace("%%", "%") if directory else home
    try:
        pid = number(text_in(path + "/run/pid", 20))
        if pid and pid != known and _works_for(pid, path, name):
            return pid
    except (OSError, Unreadable):
        pass  # it was never started, or has ended
    return None


def _works_for(pid: int, home: str, name: str) -> bool:
    """Whether a process is a service's: one that renames itself loses its environment, one that moves keeps it."""
    try:
        if os.readlink("/proc/%d/cwd" % pid) == os.path.realpath(home):
            return True
    except PermissionError:
        # Root of a container may lack the right to look at other users' processes. Who got the number later began after
        # it was written down.
        noted, begun = os.lstat(home + "/run/pid"), _begun(pid)
        owned = os.stat("/proc/%d" % pid).st_uid == noted.st_uid
        return owned and _is_others(pid) and begun is not None and begun <= noted.st_mtime + _CLOCKS
    return "FATECLOUD_SERVICE=" + name in text_of("/proc/%d/environ" % pid).split("\0")


def _is_others(pid: int) -> bool:
    return os.stat("/proc/%d" % pid).st_uid != os.geteuid()


def _begun(pid: int) -> Optional[float]:
    """Seconds since the epoch at which a process began."""
    process = process_of(pid)
    boot = time.time() - time.clock_gettime(time.CLOCK_MONOTONIC)
    return boot + process.start / os.sysconf("SC_CLK_TCK") if process else None


def _configuration(path: str) -> Optional[str]:
    try:
        return text_in(path, _CONFIGURATION, believed=True)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise Unreadable("%s: %s" % (path, error.strerror))


def _ends(path: str) -> Dict[str, List[Tuple[float, str]]]:
    """When each program ended by itself and how, as far back as the log's end goes: supervisor keeps no counter."""
    try:
        stream = os.fdopen(opened(path), "rb")
    except OSError:
        return {}
    with stream:
        status = os.fstat(stream.fileno())
        stream.seek(max(0, status.st_size - _LOG_TAIL))
        lines = stream.read(_LOG_TAIL).decode("utf-8", "replace").splitlines()
    last = next(filter(None, (re.match(_STAMP, line) for line in reversed(lines))), None)
    zone = shift(_local_epoch(last.group(1)) if last else None, status.st_mtime)
    found: Dict[str, List[Tuple[float, str]]] = {}
    for end in filter(None, (re.match(_END, line) for line in lines)):
        found.setdefault(end.group(2), []).append((_local_epoch(end.group(1)) + zone, of_program(end.group(3))))
    return found


def _local_epoch(text: str) -> float:
    return time.mktime(time.strptime(text, "%Y-%m-%d %H:%M:%S"))


def _ask(path: str) -> Any:
    """Every program that supervisor runs by name, or the sentence that says why there is none."""
    import xmlrpc.client  # noqa: PLC0415 - costs more than all other readings together, and few nodes need it

    call = xmlrpc.client.dumps((), "supervisor.getAllProcessInfo").encode()
    # Version 1.0, so that the answer ends with the connection and comes in one piece.
    head = "POST /RPC2 HTTP/1.0\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n" % len(call)
    try:
        answer = _exchange(path, head.encode() + call)
    except PermissionError as error:
        raise Unreadable("%s: %s" % (path, error.strerror))
    except (FileNotFoundError, ConnectionRefusedError):
        return "supervisord does not run"
    except socket.timeout:
        raise Unreadable("supervisord does not answer within %g s" % _SOCKET_SECONDS)
    status, _, rest = answer.partition(b"\r\n")
    if b" 200 " not in status + b" ":
        raise Unreadable("supervisord answers %s" % status.decode("ascii", "replace"))
    rows = xmlrpc.client.loads(rest.partition(b"\r\n\r\n")[2])[0][0]
    return {row["name"]: row for row in rows}  # type: ignore[call-overload,index,union-attr]


def _exchange(path: str, request: bytes) -> bytes:
    """Everything that a server on a Unix socket says to one HTTP/1.0 request. Raises OSError."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(_SOCKET_SECONDS)
        connection.connect(path)
        connection.sendall(request)
        said: List[bytes] = []
        while True:
            part = connection.recv(1 << 16)
            if not part:
                return b"".join(said)
            said.append(part)
            if len(said) > _PARTS:
                raise Unreadable("supervisord says too much")
