"""The machine: operating system, clock, processor, memory, users, limits, kernel settings, tools."""

import glob
import grp
import os
import pwd
import re
import resource
import socket
import sys
import time

from . import bounds
from .family import family_of, read_release
from .hints import Any, Dict, List, Optional, Tuple
from .opening import lent
from .processes import process_of
from .reading import PATH, Spec, Unreadable, number, output_of, spawn, text_of

_UNSYNCHRONISED = 5
_BOOT_ID = 64  # bytes: the kernel sets aside what a reader of its settings asks for, and refuses megabytes
_LIMIT = r"\s*(?P<who>[^#\s]+)\s+(?P<bound>soft|hard|-)\s+(?P<item>\w+)\s+(?P<value>-?\d+|unlimited|infinity)"
_FIREWALLS = ("firewalld", "ufw", "nftables", "iptables")


def family() -> str:
    """`debian`, `redhat`, `suse`, or the distribution's own name; asks no program, unlike `operating_system`."""
    return family_of(text_of("/etc/os-release"))


def operating_system() -> Dict[str, Any]:
    """Distribution, kernel, C library and init system."""
    text = text_of("/etc/os-release")
    release = read_release(text)
    init = text_of("/proc/1/comm").strip()
    return {
        "id": release.get("ID", "").lower(),
        "version_id": release.get("VERSION_ID", ""),
        "family": family_of(text),
        "pretty": release.get("PRETTY_NAME", ""),
        "arch": os.uname().machine,
        "kernel": os.uname().release,
        "glibc": _glibc(),
        "systemd": number(output_of(["systemctl", "--version"])) or 0 if _runs_systemd() else 0,
        "init": init,
    }


def clock() -> Dict[str, Any]:
    """Seconds since the epoch now and at boot, time zone, and whether the kernel's clock is disciplined."""
    now = time.time()
    booted = [int(line.split()[1]) for line in text_of("/proc/stat").splitlines() if line.startswith("btime ")]
    first = process_of(1)
    since = first.start / os.sysconf("SC_CLK_TCK") if first else 0  # a container starts later than its kernel
    zone = os.path.realpath("/etc/localtime").partition("zoneinfo/")[2] or time.tzname[0]
    return {
        "epoch": now,
        "boot_epoch": booted[0] + since if booted else None,
        "timezone": zone,
        "synchronized": _synchronized(),
    }


def processor() -> Dict[str, Any]:
    """Usable cores, load, and whether AVX is there (None where the architecture has no such thing)."""
    avx = None  # type: Optional[bool]
    if os.uname().machine in ("x86_64", "i686"):
        flags = [line for line in text_of("/proc/cpuinfo").splitlines() if line.startswith("flags")]
        avx = bool(flags) and "avx" in flags[0].split()
    counts = [len(os.sched_getaffinity(0)), bounds.processor_bound()]
    return {"cores": min(count for count in counts if count), "load1": os.getloadavg()[0], "flags_avx": avx}


def memory() -> Dict[str, Any]:
    """Bytes in total and available, of memory and of swap; `bound` is the group whose limit they obey, else empty.

    The kernel's own figures are those of the machine, even in a container that may use a part of it.
    """
    rows = dict(line.split(":", 1) for line in text_of("/proc/meminfo").splitlines() if ":" in line)
    names = (
        ("total", "MemTotal"),
        ("available", "MemAvailable"),
        ("swap_total", "SwapTotal"),
        ("swap_free", "SwapFree"),
    )
    found = {ours: (number(rows.get(theirs, "0")) or 0) * 1024 for ours, theirs in names}  # type: Dict[str, Any]
    found["bound"] = ""
    bound = bounds.memory_bound()
    if bound and bound["limit"] < found["total"]:
        left = max(0, bound["limit"] - bound["used"])
        found.update(total=bound["limit"], available=min(left, found["available"]), bound=bound["group"])
    return found


def kernel_settings(spec: Spec) -> Dict[str, Optional[str]]:
    """Value of each asked sysctl; None where the kernel has none of that name."""
    found = {}  # type: Dict[str, Optional[str]]
    for name in spec.get("sysctl", ()):
        path = "/proc/sys/" + name.replace(".", "/")
        found[name] = " ".join(text_of(path, 4096).split()) if os.path.exists(path) else None
    return found


def selinux() -> str:
    """`enforcing`, `permissive` or `disabled`."""
    if not os.path.exists("/sys/fs/selinux/enforce"):
        return "disabled"
    return "enforcing" if text_of("/sys/fs/selinux/enforce").strip() == "1" else "permissive"


def firewall() -> Dict[str, Any]:
    """The first host firewall that is active, as its unit says; an empty name when none is."""
    if _runs_systemd():
        shown = output_of(["systemctl", "show", "-p", "Id,ActiveState", *(n + ".service" for n in _FIREWALLS)])
        for block in shown.split("\n\n"):
            pairs = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
            if pairs.get("ActiveState") == "active":
                return {"name": pairs["Id"].replace(".service", ""), "active": True}
    return {"name": "", "active": False}


def users(spec: Spec) -> Dict[str, Optional[Dict[str, Any]]]:
    """Each asked user, None where there is none."""
    found = {}  # type: Dict[str, Optional[Dict[str, Any]]]
    for name in spec.get("users", ()):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            found[name] = None
            continue
        found[name] = {
            "uid": entry.pw_uid,
            "gid": entry.pw_gid,
            "group": group_name(entry.pw_gid),
            "home": entry.pw_dir,
            "shell": entry.pw_shell,
        }
    return found


def limits(spec: Spec) -> Dict[str, Dict[str, Any]]:
    """What a new session of each asked user gets: our own limits, changed by what limits.conf says for that user."""
    kinds = (("nofile", resource.RLIMIT_NOFILE), ("nproc", resource.RLIMIT_NPROC))
    found = {}
    for name in spec.get("users", ()):
        values = {}  # type: Dict[str, Any]
        for kind, number_of in kinds:
            soft, hard = resource.getrlimit(number_of)
            values[kind + "_soft"], values[kind + "_hard"] = soft, hard
        for item, bound, value in _configured_limits(name):
            for side in ("soft", "hard") if bound == "-" else (bound,):
                if item + "_" + side in values:
                    values[item + "_" + side] = value
        found[name] = values
    return found


def tools(spec: Spec) -> Dict[str, Optional[str]]:
    """Where each asked command is, None where it is not."""
    return {name: which(name) for name in spec.get("tools", ())}


def identity() -> Dict[str, Any]:
    """The login user and the machine."""
    uid = os.geteuid()
    machine = text_of("/etc/machine-id").strip() if os.path.exists("/etc/machine-id") else None
    try:
        user = pwd.getpwuid(uid).pw_name
    except KeyError:
        user = str(uid)
    boot, root = "/proc/sys/kernel/random/boot_id", os.stat("/")
    return {
        "user": user,
        "uid": uid,
        "root": uid == 0,
        "hostname": socket.gethostname(),
        "machine_id": machine,
        "boot_id": text_of(boot, _BOOT_ID).strip() if os.path.exists(boot) else None,
        "root_inode": "%d:%d" % (root.st_dev, root.st_ino),
    }


def interpreter(spec: Spec) -> Optional[Dict[str, str]]:
    """The Python that the spec names, None where it does not run; the one that runs this, where it names none."""
    path = spec.get("python") or sys.executable
    if os.path.realpath(path) == os.path.realpath(sys.executable):
        return {"path": path, "version": sys.version.split()[0].rstrip("+")}
    reason = lent(path, spec.get("users", ())) if os.geteuid() == 0 else ""
    if reason:
        raise Unreadable(reason)
    ended = spawn([path, "-I", "-S", "-c", "import sys; print(sys.version.split()[0].rstrip('+'))"])
    return {"path": path, "version": ended.stdout.strip()} if ended.exit == 0 else None


def starts_at_boot(spec: Spec) -> Dict[str, Any]:
    """What could start a user's services at boot where there is no root: a lingering user manager or cron."""
    user = spec.get("owner") or identity()["user"]
    tabs = ["/var/spool/cron/crontabs/" + user, "/var/spool/cron/" + user]
    readable = [path for path in tabs if os.access(path, os.R_OK)]
    mine = user == identity()["user"] and which("crontab")
    text = text_of(readable[0]) if readable else ""
    if mine and not readable:
        try:
            text = output_of(["crontab", "-l"])
        except Unreadable:
            text = ""  # "no crontab for user" is an exit status of 1
    return {
        "user": user,
        "linger": os.path.exists("/var/lib/systemd/linger/" + user),
        "crontab": which("crontab"),
        "entry": "fatecloud" in text,
    }


def which(name: str) -> Optional[str]:
    """Where a command is on the search path; None where it is not."""
    places = (folder + "/" + name for folder in PATH.split(":"))
    return next((place for place in places if os.access(place, os.X_OK) and os.path.isfile(place)), None)


def _runs_systemd() -> bool:
    return os.path.isdir("/run/systemd/system")


def _glibc() -> str:
    try:
        return (os.confstr("CS_GNU_LIBC_VERSION") or "").replace("glibc ", "")
    except (ValueError, OSError):
        return ""  # musl has no such name


def _synchronized() -> Optional[bool]:
    try:
        import ctypes  # noqa: PLC0415 - an interpreter may be built without it, and only this reading needs it

        state = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(512))
    except (ImportError, OSError, AttributeError):
        return None
    return None if state < 0 else state != _UNSYNCHRONISED


def group_name(gid: int) -> str:
    """Name of a group, or its number."""
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def _configured_limits(user: str) -> List[Tuple[str, str, int]]:
    """Lines of limits.conf and limits.d that apply to a user, the special before the general, in effect order."""
    try:
        groups = {"@" + group_name(gid) for gid in os.getgrouplist(user, pwd.getpwnam(user).pw_gid)}
    except KeyError:
        groups = set()
    ranked = []
    for path in ["/etc/security/limits.conf", *sorted(glob.glob("/etc/security/limits.d/*.conf"))]:
        for line in text_of(path).splitlines() if os.access(path, os.R_OK) else ():
            match = re.match(_LIMIT, line)
            if match and (match.group("who") in ("*", user) or match.group("who") in groups):
                rank = 2 if match.group("who") == user else 1 if match.group("who") in groups else 0
                value = number(match.group("value"))
                ranked.append((rank, match.group("item"), match.group("bound"), -1 if value is None else value))
    return [(item, bound, value) for _, item, bound, value in sorted(ranked, key=lambda row: row[0])]
