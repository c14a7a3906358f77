"""The machine: operating system, clock, processor, memory, kernel settings, tools."""

import os
import sys
import time
from typing import Any, Dict, Optional

from . import bounds
from .family import family_of, read_release
from .opening import lent
from .processes import process_of
from .reading import PATH, Spec, Unreadable, number, output_of, spawn, text_of

_UNSYNCHRONISED = 5
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
    # Services start with process 1, so what counts as a boot is its start.
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
    avx: Optional[bool] = None
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
    found: Dict[str, Any] = {ours: (number(rows.get(theirs, "0")) or 0) * 1024 for ours, theirs in names}
    found["bound"] = ""
    bound = bounds.memory_bound()
    if bound and bound["limit"] < found["total"]:
        left = max(0, bound["limit"] - bound["used"])
        found.update(total=bound["limit"], available=min(left, found["available"]), bound=bound["group"])
    return found


def kernel_settings(spec: Spec) -> Dict[str, Optional[str]]:
    """Value of each asked sysctl; None where the kernel has none of that name."""
    found: Dict[str, Optional[str]] = {}
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


def tools(spec: Spec) -> Dict[str, Optional[str]]:
    """Where each asked command is, None where it is not."""
    return {name: which(name) for name in spec.get("tools", ())}


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
