"""Preflight of what fatecloud may do on a node: root, users, limits, start at boot, SELinux."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.checks.preflight_need import missing_packages, node_of, open_ports, problem, services_of
from fatecloud.checks.preflight_platform import OS_FAMILY
from fatecloud.model.accounts import PRIVILEGED_GROUPS, owner_of
from fatecloud.model.check import Code, FactAbsent, NodeView, node_check
from fatecloud.model.distributions import DISTRIBUTIONS, distribution_of
from fatecloud.model.finding import Finding, Fix

_SHOWN = 4
LIMITS_FILE = "/etc/security/limits.d/90-fatecloud.conf"

SUDO = Code("PREFLIGHT_SUDO", "critical", "`become: root` is set, but the login user cannot become root.")
NOT_ROOT = Code("PREFLIGHT_NOT_ROOT_FOR_PACKAGES", "critical", "Packages are missing, and installing them needs root.")
NOT_ROOT_UNITS = Code(
    "PREFLIGHT_NOT_ROOT_FOR_UNITS", "critical", "systemd units need root, but the inventory says `become: none`."
)
USER = Code("PREFLIGHT_USER_CONFLICT", "critical", "A service's user is not the one that the inventory describes.")
PRIVILEGED = Code(
    "PREFLIGHT_USER_PRIVILEGED", "critical", "The user of a service may become root, or read what only root should."
)
NOFILE = Code("PREFLIGHT_NOFILE", "warning", "Services may open too few files.")
NPROC = Code("PREFLIGHT_NPROC", "warning", "Services may start too few processes.")
BOOT = Code("PREFLIGHT_BOOT_START", "warning", "Services will not start by themselves after a reboot.")
SELINUX = Code("PREFLIGHT_SELINUX", "warning", "SELinux is enforcing: fatecloud's ports and paths need labels.")


@node_check(SUDO)
def sudo(view: NodeView) -> Iterator[Finding]:
    """With `become: root` the login user becomes root."""
    identity = view.fact("identity")
    if node_of(view).become == "root" and not identity["root"]:
        user = identity["user"]
        yield problem(
            view,
            SUDO.name,
            "critical",
            f"{user} cannot become root",
            expected="uid 0 through sudo",
            got=f"user {user}, uid {identity['uid']}",
            remedy=(
                f"echo '{user} ALL=(root) NOPASSWD: ALL' > /etc/sudoers.d/{user} && chmod 0440 /etc/sudoers.d/{user}",
                f"or give a password: `become_password` of node {view.facts.node} in the inventory",
            ),
            source="fact identity",
        )


@node_check(NOT_ROOT, after=(SUDO.name, OS_FAMILY.name))
def packages_without_root(view: NodeView) -> Iterator[Finding]:
    """If packages are missing, fatecloud may install them."""
    node = node_of(view)
    if node.become == "root" or node.packages == "preinstalled":
        return
    missing = missing_packages(view)
    if missing:
        yield problem(
            view,
            NOT_ROOT.name,
            "critical",
            f"{', '.join(missing)} missing, and installing them needs root, but `become: {node.become}` is set",
            expected="packages installed, or become: root",
            got="missing: " + ", ".join(missing),
            remedy=("as root on the node: " + distribution_of(view.fact("os")["family"]).install_command(missing),),
            source="fact packages",
        )


@node_check(NOT_ROOT_UNITS)
def units_without_root(view: NodeView) -> Iterator[Finding]:
    """If systemd supervises, fatecloud may write units."""
    node = node_of(view)
    if node.supervision == "systemd" and node.become == "none" and not view.fact("identity")["root"]:
        yield problem(
            view,
            NOT_ROOT_UNITS.name,
            "critical",
            "`supervision: systemd` needs root to write units, but `become: none` is set",
            expected="become: root, or supervision: supervisor",
            got=f"become: {node.become}, supervision: {node.supervision}",
            remedy=(f"set `supervision: supervisor` for node {view.facts.node} in the inventory",),
            source="fact identity",
        )


@node_check(USER, after=(SUDO.name,))
def service_user(view: NodeView) -> Iterator[Finding]:
    """The services' users do not exist yet, or fit the inventory."""
    node, login = node_of(view), view.fact("identity")["user"]
    if node.become == "none":
        name = node.service_user
        if login != name:
            yield problem(
                view,
                USER.name,
                "critical",
                f"services cannot run as {name}",
                cause="with `become: none` everything runs as the login user",
                expected=name,
                got=login,
                remedy=(f"set `service_user: {login}` for node {view.facts.node}, or `become: root`",),
                source="fact identity",
            )
        return
    known = view.fact("users")
    for name, group in sorted({(s.user, s.group) for s in services_of(view)}):
        user = known.get(name)
        if user is None:
            continue
        if "group" not in user:
            raise FactAbsent(f"users: no primary group of {name}")
        if user["group"] != group:
            remedy = f"set `service_group: {user['group']}`, or another `service_user`, for node {view.facts.node}"
            yield problem(
                view,
                USER.name,
                "critical",
                f"user {name} exists with another primary group",
                expected=f"primary group {group}",
                got=f"{user['group']} (uid {user['uid']}, home {user['home']})",
                remedy=(remedy if node.service_user else f"as root: userdel {name}, after a look at what it is for",),
                source="fact users",
            )


@node_check(PRIVILEGED, after=(SUDO.name,))
def privileged(view: NodeView) -> Iterator[Finding]:
    """No user of a service may become root, unless the inventory says that it is meant."""
    node = node_of(view)
    if node.become != "root" or node.service_user_trusted:
        return
    for name, known in sorted(view.fact("privileges").items()):
        if known is None:
            continue
        groups = sorted(PRIVILEGED_GROUPS.intersection(known["groups"]))
        rights = [f"member of {group}" for group in groups] + [f"sudo: {rule}" for rule in known["sudo"]]
        rights += ["it has uid 0"] * (known["uid"] == 0)
        if rights:
            other = f"or set another `service_user` for node {node.name}"
            yield problem(
                view,
                PRIVILEGED.name,
                "critical",
                f"{name}, the user of {_whose(view, name)}, has rights beyond its own",
                cause="who gets into a service of this user becomes root on the node",
                expected="a user in no group of root's, and without sudo",
                got="; ".join(rights),
                remedy=(
                    *(f"as root: gpasswd -d {name} {group}" for group in groups),
                    *(f"as root: visudo   # take the rules for {name} away" for _ in known["sudo"][:1]),
                    *((other, "or `service_user_trusted: true` if it is meant") if node.service_user else ()),
                ),
                source="fact privileges",
            )


def _whose(view: NodeView, name: str) -> str:
    keys = [service.id.key for service in services_of(view) if service.user == name]
    return ", ".join(keys[:_SHOWN]) + (", ..." if keys[_SHOWN:] else "")


@node_check(NOFILE, NPROC)
def limits(view: NodeView) -> Iterator[Finding]:
    """Under supervisor, services get the limits of who starts it; units set their own."""
    node = node_of(view)
    if node.supervision != "supervisor" or not services_of(view):
        return
    user = owner_of(node).user
    have = view.fact("limits").get(user)
    if have is None:
        raise FactAbsent(f"limits: nothing about {user}")
    wanted = {
        "nofile": max(s.needs.descriptors for s in services_of(view)),
        "nproc": max(s.process.nproc for s in services_of(view)),
    }
    for code, kind in ((NOFILE, "nofile"), (NPROC, "nproc")):
        hard = int(have[f"{kind}_hard"])
        # Below 0 means that there is no limit.
        if 0 <= hard < wanted[kind]:
            yield problem(
                view,
                code.name,
                code.severity,
                f"{user}'s hard limit {kind} is {hard}",
                expected=f">= {wanted[kind]}",
                got=str(hard),
                remedy=(f"as root: echo '{user} - {kind} {wanted[kind]}' >> {LIMITS_FILE}, then log in again",),
                source="fact limits",
                fix=Fix("limits", view.facts.node, {"user": user, "item": kind, "value": wanted[kind]})
                if node.become == "root"
                else None,
            )


@node_check(BOOT)
def start_at_boot(view: NodeView) -> Iterator[Finding]:
    """Under supervisor, cron starts it after a reboot."""
    node = node_of(view)
    if node.supervision != "supervisor" or not services_of(view) or view.fact("cron_lingering")["crontab"]:
        return
    system = view.fact("os")
    distribution = distribution_of(system["family"])
    package, daemon = distribution.cron
    yield problem(
        view,
        BOOT.name,
        "warning",
        "there is no cron to start supervisor after a reboot",
        expected="crontab on PATH",
        got="none",
        remedy=(
            "as root: " + distribution.install_command((package,)),
            "or after each reboot: fatecloud start",
        ),
        source="fact cron_lingering",
        fix=Fix("package", view.facts.node, {"name": package, "daemon": daemon if system["init"] == "systemd" else ""})
        if node.become == "root" and system["family"] in DISTRIBUTIONS
        else None,
    )


@node_check(SELINUX)
def selinux(view: NodeView) -> Iterator[Finding]:
    """If SELinux is enforcing, the finding names the labels that are needed. fatecloud never switches SELinux off."""
    if str(view.fact("selinux")).lower() != "enforcing":
        return
    base = node_of(view).paths.base
    ports = " ".join(str(n.port.number) for n in open_ports(view))
    yield problem(
        view,
        SELINUX.name,
        "warning",
        "SELinux is enforcing; fatecloud leaves it on",
        cause="distribution binaries run in confined domains, and fatecloud's paths and ports have no labels for them",
        expected="labels for fatecloud's paths and ports",
        got="enforcing",
        remedy=(
            f"semanage fcontext -a -t usr_t '{base}(/.*)?' && restorecon -R {base}",
            *(
                (f"for p in {ports}; do semanage port -l | grep -w $p; done   # labelled for which domain?",)
                * bool(ports)
            ),
            "after a start: ausearch -m avc -ts recent | audit2why",
        ),
        source="fact selinux",
    )
