"""Which directories are a system's, and which entries of a directory are a cluster's. Shared with the modules on nodes.

Pure, and Python 3.8: the inventory, the checks and the module that makes directories decide alike.
"""

from __future__ import annotations

import posixpath

INSIDE = (
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/lost+found",
    "/proc",
    "/run",
    "/sbin",
    "/snap",
    "/sys",
    "/usr",
    "/var/backups",
    "/var/cache",
    "/var/lib/apt",
    "/var/lib/containerd",
    "/var/lib/dbus",
    "/var/lib/dnf",
    "/var/lib/docker",
    "/var/lib/dpkg",
    "/var/lib/fatecloud",
    "/var/lib/kubelet",
    "/var/lib/mysql",
    "/var/lib/NetworkManager",
    "/var/lib/pam",
    "/var/lib/polkit-1",
    "/var/lib/private",
    "/var/lib/rabbitmq",
    "/var/lib/rpm",
    "/var/lib/sudo",
    "/var/lib/systemd",
    "/var/lock",
    "/var/log/audit",
    "/var/log/journal",
    "/var/mail",
    "/var/run",
    "/var/spool",
)
"""Nothing in them can be a cluster's."""
ALONE = (
    "/",
    "/home",
    "/media",
    "/mnt",
    "/opt",
    "/root",
    "/srv",
    "/tmp",  # noqa: S108 - named to be refused
    "/usr/local",
    "/var",
    "/var/lib",
    "/var/local",
    "/var/log",
    "/var/opt",
    "/var/tmp",  # noqa: S108
)
"""They are everyone's; a directory in them may be a cluster's."""
PRIVATE = ".fatecloud"
"""Our own directory below a base."""
MANIFEST, LEASE, RENDERED, SUPERVISOR = "manifest.json", "lease.json", "rendered", "supervisor"
"""In it: our records, the texts of the last deploy, and what belongs to the node's supervisord."""
STORE = "store"
"""Below a base: what a release brings, unpacked once."""
CONSOLES = "consoles"
"""Below the directory of logs: what services print where root's supervisord writes it."""
DATA_MARK = ".fatecloud-data.json"
"""In a data directory: whose data they are."""
MIGRATION_FLAG = ".fatecloud-migrating"
"""Name of what is in a service's data directory while its migration is not finished: nothing starts the service."""
MIGRATION_RECORD = ".fatecloud-migration.json"
"""Name of the record of a migration's steps in the same place."""
OF_THE_MACHINE = "/var/lib/fatecloud"
"""What does not belong to one cluster, or must be on the root file system; root's."""
REGISTERS = (OF_THE_MACHINE + "/clusters.d", "~/.local/share/fatecloud/clusters.d")
"""Which clusters have a base on this machine: root's list, and that of a login without root. Such a login rules over no
units, so its clusters concern it alone."""
PROGRAMS = "/usr/local/lib/fatecloud"
"""Directory of what a login for checks may run as root, with one of its own for each cluster."""
_LOCAL = ("bin", "etc", "games", "include", "lib", "lib32", "lib64", "libexec", "man", "sbin", "share", "src")
_OURS = (PRIVATE, CONSOLES, "lost+found")


def normal(path: str) -> str:
    """An absolute path without `.`, `..`, and double slashes, also at its beginning."""
    return "/" + posixpath.normpath(path).lstrip("/")


def is_systems(path: str) -> bool:
    """Whether a directory is the system's, or a login's own, so that a cluster must not take it."""
    path = normal(path)
    first, *rest = path.strip("/").split("/")
    if path.startswith("/usr/local/"):
        return rest[1] in _LOCAL
    if first == "home":
        return len(rest) < 2 or rest[1].startswith(".")  # noqa: PLR2004 - a login, and a directory of it
    if first == "root":
        return not rest or rest[0].startswith(".")
    return path in ALONE or any(path == place or path.startswith(place + "/") for place in INSIDE)


def foreign_names(names: list[str], label: str) -> list[str]:
    """Those of a directory's entries that are not a cluster's.

    Args:
        label: with what the names of the cluster's services begin on nodes, see `Cluster.label`.
    """
    return [name for name in names if name not in _OURS and not name.startswith(label + "-")]
