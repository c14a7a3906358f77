"""The content of a sandbox node: a distribution, packages and a few files. The image's tag has its fingerprint."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from fatecloud.errors import SandboxError

REPOSITORY = "fatecloud/sandbox"
USER = "ops"
SUITES = {"debian-11": "bullseye", "debian-12": "bookworm", "debian-13": "trixie"}
MIRROR = "http://deb.debian.org/debian"
SECURITY = "http://deb.debian.org/debian-security"
PACKAGES = (
    "ca-certificates",
    "dbus",
    "git",
    "iproute2",
    "iptables",
    "libpam-systemd",
    "openssh-server",
    "procps",
    "python3",
    "sudo",
    "systemd",
    "systemd-sysv",
)
"""A plain server: no compiler, no pip, no venv module. A deployment must bring everything else that it needs."""

_SSHD = """\
HostKey /etc/ssh/ssh_host_ed25519_key
PermitRootLogin no
PasswordAuthentication no
KbdInteractiveAuthentication no
X11Forwarding no
UseDNS no
MaxStartups 100
"""
_HOST_KEY_UNIT = """\
[Unit]
Description=Make this node's SSH host key
ConditionPathExists=!/etc/ssh/ssh_host_ed25519_key
Before=ssh.service

[Service]
Type=oneshot
ExecStart=/usr/bin/ssh-keygen -q -t ed25519 -N "" -f /etc/ssh/ssh_host_ed25519_key

[Install]
WantedBy=multi-user.target
"""
FILES: Mapping[str, tuple[int, str]] = {
    "/etc/ssh/sshd_config.d/sandbox.conf": (0o644, _SSHD),
    "/etc/systemd/system/sandbox-host-key.service": (0o644, _HOST_KEY_UNIT),
    "/etc/systemd/journald.conf.d/sandbox.conf": (0o644, "[Journal]\nStorage=persistent\nSystemMaxUse=64M\n"),
    f"/etc/sudoers.d/{USER}": (0o440, f"{USER} ALL=(ALL:ALL) NOPASSWD: ALL\n"),
    "/etc/default/locale": (0o644, "LANG=C.UTF-8\n"),
    "/etc/machine-id": (0o444, ""),
}
COMMANDS = (
    ("useradd", "--create-home", "--shell", "/bin/bash", USER),
    ("systemctl", "enable", "sandbox-host-key.service"),
    # These timers take apt's lock at random moments, which would make tests and demonstrations unreliable.
    ("systemctl", "mask", "apt-daily.timer", "apt-daily-upgrade.timer"),
    # Host keys in the image would be the same on every node.
    ("sh", "-c", "rm -f /etc/ssh/ssh_host_* /var/lib/dbus/machine-id"),
    ("apt-get", "clean"),
    ("sh", "-c", "rm -rf /var/lib/apt/lists/* /var/log/*.log"),
)


@dataclass(frozen=True, slots=True)
class Apt:
    """The package mirrors, and the settings that apt needs on this machine."""

    mirror: str = MIRROR
    security: str = SECURITY
    settings: Mapping[str, str] = field(default_factory=dict)
    authorities: Mapping[str, str] = field(default_factory=dict)
    """File name -> PEM text of the certificate authorities for the mirror's HTTPS."""

    def sources(self, suite: str) -> str:
        """Text of `/etc/apt/sources.list`."""
        return (
            f"deb {self.mirror} {suite} main\n"
            f"deb {self.mirror} {suite}-updates main\n"
            f"deb {self.security} {suite}-security main\n"
        )

    def configuration(self) -> str:
        """Text of an `apt.conf.d` file: these settings, and an option that keeps downloaded packages."""
        lines = [f'{name} "{value}";' for name, value in sorted(self.settings.items())]
        return "\n".join([*lines, 'APT::Keep-Downloaded-Packages "true";', ""])


@dataclass(frozen=True, slots=True)
class Recipe:
    """One image, fully described."""

    image: str
    """`debian-12`."""
    suite: str
    apt: Apt

    @property
    def fingerprint(self) -> str:
        """Twelve hexadecimal digits that change with anything that goes into the image."""
        parts = [asdict(self), PACKAGES, dict(FILES), COMMANDS]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:12]

    @property
    def tag(self) -> str:
        """Tag of the image: `debian-12-0123456789ab`."""
        return f"{self.image}-{self.fingerprint}"

    def files(self) -> dict[str, tuple[int, str]]:
        """Absolute path -> mode and text of every file that is written into the image."""
        authorities = {
            f"/usr/local/share/ca-certificates/{name}": (0o644, pem) for name, pem in self.apt.authorities.items()
        }
        return {
            **FILES,
            **authorities,
            "/etc/apt/sources.list": (0o644, self.apt.sources(self.suite)),
            "/etc/apt/apt.conf.d/90sandbox": (0o644, self.apt.configuration()),
        }

    def commands(self) -> tuple[tuple[str, ...], ...]:
        """The commands to run inside the new root, in order."""
        return ((("update-ca-certificates",),) if self.apt.authorities else ()) + COMMANDS


def recipe(image: str, apt: Apt) -> Recipe:
    """The recipe of a named image.

    Raises:
        SandboxError: there is no image of that name.
    """
    if image not in SUITES:
        raise SandboxError(f"there is no sandbox image {image!r}", remedy=f"use one of {', '.join(SUITES)}")
    return Recipe(image, SUITES[image], apt)
