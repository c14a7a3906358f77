"""Which family of distributions a node is of: the one place that decides, for the collector and for Ansible's modules.

Like the rest of the collector it imports nothing of the project. The Ansible project has a copy in its `module_utils`.
"""

import os

FAMILIES = {
    "debian": ("debian", "ubuntu"),
    "redhat": ("rhel", "fedora", "centos", "rocky", "almalinux", "openeuler", "anolis", "ol", "amzn"),
    "suse": ("suse", "opensuse", "sles"),
}
MIXED = ("kylin", "uos")
"""Names of desktops of the Debian family and of servers of the Red Hat family, whose os-release does not always say
what they are like. Their package manager does."""
MANAGERS = (("debian", "/usr/bin/dpkg-query"), ("redhat", "/usr/bin/rpm"), ("redhat", "/bin/rpm"))


def read_release(text: str) -> "dict[str, str]":
    """Values of an os-release file by key."""
    pairs = [line.partition("=") for line in text.splitlines()]
    return {key.strip(): value.strip().strip("\"'") for key, sep, value in pairs if sep}


def family_of(text: str) -> str:
    """`debian`, `redhat`, `suse`, or the distribution's own id if nothing shows the family.

    Args:
        text: of /etc/os-release.
    """
    release = read_release(text)
    own = release.get("ID", "").lower()
    for name in [*release.get("ID_LIKE", "").lower().split(), own]:
        for family, members in FAMILIES.items():
            if name in members:
                return family
    if own in MIXED:
        return next((family for family, program in MANAGERS if os.path.exists(program)), own)
    return own
