"""Preflight of what fatecloud may do on a node: root, users, limits, start at boot, SELinux."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.checks.preflight_need import node_of, open_ports, own_manifest, problem, services_of
from fatecloud.model.accounts import PRIVILEGED_GROUPS, owner_of
from fatecloud.model.check import Code, FactAbsent, NodeView, node_check
from fatecloud.model.distributions import DISTRIBUTIONS, distribution_of
from fatecloud.model.finding import Finding, Fix
from fatecloud.model.remedy import Edit, Run, administrator, look

_SHOWN = 4
LIMITS_FILE = "/etc/security/limits.d/90-fatecloud.conf"

SUDO = Code("PREFLIGHT_SUDO", "critical", "`become: root` is set, but the login user cannot become root.")
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
        # sudo does not read a file whose name has a dot.
        rule = f"/etc/sudoers.d/{str(user).replace('.', '_')}"
        yield problem(
            view,
            SUDO.name,
            "critical",
            f"{user} cannot become root",
            expected="uid 0 through sudo",
            got=f"user {user}, uid {identity['uid']}",
            remedy=(
                Run(
                    f"echo '{user} ALL=(root) NOPASSWD: ALL' > {rule} && chmod 0440 {rule}", view.facts.node, root=True
                ),
                Edit(f"give a password: `become_password` of node {view.facts.node}", instead=True),
            ),
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
                remedy=(Edit(f"set `service_user: {login}` for node {view.facts.node}, or `become: root`"),),
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
            keys = f"`service_group: {user['group']}`, or another `service_user`,"
            yield problem(
                view,
                USER.name,
                "critical",
                f"user {name} exists with another primary group",
                expected=f"primary group {group}",
                got=f"{user['group']} (uid {user['uid']}, home {user['home']})",
                remedy=(
                    Edit(f"set {keys} for node {node.name}")
                    if node.service_user
                    else Run(f"usermod --gid {group} {name}", node.name, root=True)
                    if name in own_manifest(view).get("accounts", {})
                    else Run(f"userdel {name}", node.name, root=True, when="if nothing else needs this user"),
                ),
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
            other = Edit(f"set another `service_user` for node {node.name}", instead=True)
            meant = Edit(f"set `service_user_trusted: true` for node {node.name} if it is meant", instead=True)
            yield problem(
                view,
                PRIVILEGED.name,
                "critical",
                f"{name}, the user of {_whose(view, name)}, has rights beyond its own",
                cause="who gets into a service of this user becomes root on the node",
                expected="a user in no group of root's, and without sudo",
                got="; ".join(rights),
                remedy=(
                    *(Run(f"gpasswd -d {name} {group}", node.name, root=True) for group in groups),
                    *(administrator(node.name, f"take the rules for {name} out of sudoers") for _ in known["sudo"][:1]),
                    *((other, meant) if node.service_user else ()),
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
                remedy=(Run(f"echo '{user} - {kind} {wanted[kind]}' >> {LIMITS_FILE}", view.facts.node, root=True),),
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
    started = (Run(f"systemctl enable --now {daemon}", view.facts.node, root=True),)
    by_systemd = system["init"] == "systemd"
    arguments = {"name": package, "family": system["family"], "daemon": daemon if by_systemd else ""}
    yield problem(
        view,
        BOOT.name,
        "warning",
        "there is no cron to start supervisor after a reboot",
        expected="crontab on PATH",
        got="none",
        remedy=(
            distribution.install_on(view.facts.node, (package,)),
            *(started if by_systemd else ()),
            Run("fatecloud start", when="after each reboot", instead=True),
        ),
        source="fact cron_lingering",
        fix=Fix("package", view.facts.node, arguments)
        if node.become == "root" and system["family"] in DISTRIBUTIONS
        else None,
    )


@node_check(SELINUX)
def selinux(view: NodeView) -> Iterator[Finding]:
    """If SELinux is enforcing, the finding names the labels that are needed. fatecloud never switches SELinux off."""
    if str(view.fact("selinux")).lower() != "enforcing":
        return
    base = node_of(view).paths.base
    ports, name = " ".join(str(n.port.number) for n in open_ports(view)), view.facts.node
    yield problem(
        view,
        SELINUX.name,
        "warning",
        "SELinux is enforcing; fatecloud leaves it on",
        cause="distribution binaries run in confined domains, and fatecloud's paths and ports have no labels for them",
        expected="labels for fatecloud's paths and ports",
        got="enforcing",
        remedy=(
            Run(
                f"semanage fcontext -a -t usr_t '{base}(/.*)?' && restorecon -R {base}",
                name,
                root=True,
                when="if the base directory has no labels yet",
            ),
            *(
                (look(f"for p in {ports}; do semanage port -l | grep -w $p; done", view.facts.node, root=True),)
                * bool(ports)
            ),
            Run("ausearch -m avc -ts recent | audit2why", name, root=True, looks=True, when="after a start"),
            administrator(name, "give the ports and paths of these services the labels that they lack"),
        ),
        source="fact selinux",
    )
