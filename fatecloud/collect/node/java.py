"""The Java installations of a node, and whether a JVM starts with given flags. Root runs none of them itself."""

import contextlib
import functools
import glob
import os
import pwd
import re
import threading
from typing import Any, Callable, Dict, List, Optional

from .opening import distrust, text_in
from .own_records import own_record
from .reading import Ended, Spec, spawn
from .system import which

PLACES = ("/usr/lib/jvm/*", "/usr/lib64/jvm/*", "/usr/java/*")
"""Where packages put a JVM: Debian and Red Hat, SUSE, Oracle."""
CHOSEN = "/etc/alternatives/java"
"""The administrator's choice, also where it is not on the search path."""
MOST = 16
"""JVMs that are started to ask for their version."""
# All of HotSpot's versions know these. Performance data would leave a file in /tmp.
_QUESTION = ("-Xmx32m", "-XX:-UsePerfData", "-XshowSettings:properties", "-version")
_SECONDS = 15.0
_BYTES = 64 << 10
_PROPERTY = re.compile(r"^ +(java\.version|java\.vm\.name|os\.arch) = (.*?) *$", re.MULTILINE)
_DESCRIBED = re.compile(r'^JAVA_VERSION="([^"]*)"', re.MULTILINE)
_MAJOR = re.compile(r"(?:1\.)?(\d+)")
_CAUSE = re.compile(r"(?i)unrecognized|invalid|unsupported|conflict|insufficient|could not|cannot|too small|exceed")
_SAID = 500
_CLOCKS = 2.0  # seconds by which the clock of processes may differ from that of files
_EMPTY_WORDS = re.compile("Could not create the Java Virtual Machine|A fatal exception has occurred")
_RELEASE = 16 << 10


def javas(spec: Spec) -> Dict[str, Any]:
    """The JVMs of the node: `asked` says whether they were started, `found` what they said.

    They are not started while every service that needs one has one on record that is still there: a start costs a
    tenth of a second of processor time, and later plans take what is on record.
    """
    kept = on_record(spec)
    if all(os.access(kept.get(key, ""), os.X_OK) for key in spec.get("javas", ())):
        return {"asked": False, "found": []}
    programs = _programs()
    found: Dict[str, Dict[str, Any]] = {}
    _all_at_once([functools.partial(_ask, found, program, homes) for program, homes in sorted(programs.items())[:MOST]])
    return {"asked": True, "found": [found[program] for program in sorted(found)]}


def on_record(spec: Spec) -> Dict[str, str]:
    """Service key -> the `bin/java` that the last deploy chose for it."""
    kept = ((own_record(spec, "manifest") or {}).get("machine") or {}).get("java") or {}
    return {key: str(java["home"]) + "/bin/java" for key, java in kept.items() if java and java.get("home")}


def java_starts(spec: Spec) -> Dict[str, Dict[str, Any]]:
    """Whether each asked command starts its JVM, as the user who will run it; `said` is its complaint."""
    found: Dict[str, Dict[str, Any]] = {}

    def start(key: str, asked: Dict[str, Any]) -> None:
        ended = _started([str(word) for word in asked["argv"]], str(asked["user"]))
        found[key] = {"exit": ended.exit, "said": "" if ended.exit == 0 else _complaint(ended)}

    _all_at_once([functools.partial(start, key, asked) for key, asked in sorted(spec.get("java_starts", {}).items())])
    return found


def jvm_of(program: str, pid: Optional[int], since: Optional[float]) -> Dict[str, Any]:
    """The JVM that a service is to run in: whether it is there, its version, and whether the process runs another one.

    Args:
        program: its `bin/java`.
        pid: of the service's main process. An update puts another program in the place of the one that it runs.
        since: when the process began.
    """
    described = ""
    with contextlib.suppress(OSError):  # JREs of version 8 have no such file
        described = text_in(os.path.dirname(os.path.dirname(os.path.realpath(program))) + "/release", _RELEASE)
    version = (_DESCRIBED.findall(described) or [""])[0]
    there = os.access(program, os.X_OK)
    return {
        "there": there,
        "version": version,
        "replaced": _is_replaced(program, pid, since) if there and pid else None,
    }


def _is_replaced(program: str, pid: int, since: Optional[float]) -> Optional[bool]:
    try:
        return os.readlink("/proc/%d/exe" % pid).endswith(" (deleted)")
    except PermissionError:
        # Root of a container may not look at other users' processes. A file that is put in the place of another one is
        # not older than that.
        return os.stat(program).st_ctime > since + _CLOCKS if since else None
    except OSError:
        return None  # it has ended


def _programs() -> Dict[str, List[str]]:
    """Program -> the homes that lead to it: a distribution has several names for one JVM."""
    links = [path for path in (which("java"), CHOSEN) if path]
    homes = [home for place in PLACES for home in sorted(glob.glob(place))]
    homes += [real[: -len("/bin/java")] for real in map(os.path.realpath, links) if real.endswith("/bin/java")]
    found: Dict[str, List[str]] = {}
    # Debian has a directory and two links for one JVM, and each start costs a tenth of a second.
    for home in homes:
        program = os.path.realpath(home + "/bin/java")
        if os.path.isfile(program) and os.access(program, os.X_OK) and home not in found.setdefault(program, []):
            found[program].append(home)
    return found


def _ask(found: Dict[str, Dict[str, Any]], program: str, homes: List[str]) -> None:
    answer = {"homes": homes, "major": 0, "version": "", "vm": "", "arch": "", "problem": _fault(program)}
    found[program] = answer
    if answer["problem"]:
        return
    ended = _started([program, *_QUESTION], "")
    said = dict(_PROPERTY.findall(ended.stderr + ended.stdout))
    major = _MAJOR.match(said.get("java.version", ""))
    if ended.exit != 0 or not major:
        answer["problem"] = _complaint(ended) or "it does not say its version"
        return
    answer.update(
        major=int(major.group(1)),
        version=said["java.version"],
        vm=said.get("java.vm.name", ""),
        arch=said.get("os.arch", ""),
    )


def _fault(program: str) -> str:
    """Why a JVM is not to be used: others than root could change what a service would then run. Empty where not."""
    home = os.path.dirname(os.path.dirname(program))
    machines = [
        path for where in ("lib/server", "lib/*/server") for path in glob.glob("%s/%s/libjvm.so" % (home, where))
    ]
    # The program only loads the machine, so whose file that is counts as much.
    return next(filter(None, map(distrust, [program, *machines])), "")


def _started(argv: List[str], user: str) -> Ended:
    """Start a JVM as a user, or as "nobody" while that one does not exist yet; without root as ourselves."""
    entry: Optional[Any] = None
    if os.geteuid() == 0:
        # Before the first deploy the service's user does not exist yet.
        entry = _entry(user) or _entry("nobody")
        if entry is None:
            return Ended(None, "", "", 'there is no user "nobody" to start it as')
    return spawn(argv, timeout=_SECONDS, user=entry, most=_BYTES)


def _entry(user: str) -> Optional[Any]:
    try:
        return pwd.getpwnam(user) if user else None
    except KeyError:
        return None


def _complaint(ended: Ended) -> str:
    """The lines in which a JVM says what is wrong, else the last ones."""
    if ended.error:
        return ended.error
    lines = [line.strip() for line in (ended.stderr + ended.stdout).splitlines() if line.strip()]
    causes = [line for line in lines if _CAUSE.search(line) and not _EMPTY_WORDS.search(line)]
    return "; ".join(causes[:3] or lines[-3:])[:_SAID] or "exit status %s" % ended.exit


def _all_at_once(calls: List[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=call, daemon=True) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
