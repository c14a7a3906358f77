"""The nodes: the values in the file, then those of `defaults`, then the built-in ones."""

from __future__ import annotations

import grp
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fatecloud.inventory.accounts import account_problems
from fatecloud.inventory.kinds import BAD, Reader
from fatecloud.inventory.origins import Layers, Origins
from fatecloud.inventory.words import DIRECTORY, is_home
from fatecloud.model.endpoint import LOOPBACK
from fatecloud.model.node import PYTHON, CheckLogin, Node, Paths, Ssh
from fatecloud.whoami import login

READ = "what the node's first deploy reads"
_PATHS_BELOW_BASE = ("data", "logs", "backup")


class NodeBuilder:
    """Builds the nodes of one inventory.

    Args:
        file: the inventory; key files are looked up beside it.
        reader: takes the problems.
        origins: takes the origin of every value.
    """

    def __init__(self, file: Path, reader: Reader, origins: Origins) -> None:
        # A key file is named from where the inventory is, not from where the program is started.
        self._directory = file.absolute().parent
        self._me = login()
        self._reader = reader
        self._origins = origins

    def build(self, raw: Mapping[str, Any], defaults: dict[str, Any]) -> dict[str, Node]:
        """Every node by name, even those with problems, so that later checks can continue."""
        nodes, layered = {}, {}
        for name, own in raw.items():
            layers = Layers(f"nodes.{name}", {} if own is BAD else own, defaults, "defaults", self._origins)
            nodes[name], layered[name] = self._node(name, layers, alone=len(raw) == 1), layers
        self._refuse_twins(nodes)
        self._judge_accounts(nodes, layered)
        return nodes

    def _node(self, name: str, layers: Layers, *, alone: bool) -> Node:
        address = layers.get("address", "")
        connection = layers.get("connection", "local" if address == "local" else "ssh", "from the address")
        local = connection == "local"
        become = layers.get("become", "none" if local else "root", "from the connection")
        ssh = self._ssh(layers.section("ssh"))
        login = self._me if local else ssh.user
        if not login:
            mark, what = self._reader.at(f"nodes.{name}"), f"the user who runs fatecloud (id {os.getuid()}) has no name"
            self._reader.problems.add(mark, what, "`ssh: {user: ...}`, or a name in the environment variable LOGNAME")
        root = become == "root"
        user = layers.get("service_user", None if root else login, "one for each service" if root else "the login user")
        # What neighbours use. Behind NAT it differs from what we log in to.
        advertise = layers.get("advertise", *((LOOPBACK,) if address == "local" else (address, "the address")))
        node = Node(
            name=name,
            address=address,
            connection=connection,
            bind=layers.get("bind", None, "derived per port"),
            advertise=advertise,
            ssh=ssh,
            become=become,
            become_password=layers.get("become_password", None),
            service_user=user,
            service_group=layers.get(
                "service_group",
                user and _group(user, mine=local and not root),
                "from the service user" if user else "one for each service",
            ),
            supervision=layers.get("supervision", "systemd" if root else "supervisor", "from become"),
            packages=layers.get("packages", "repos" if root else "preinstalled", "from become"),
            paths=self._paths(layers.section("paths"), login=login, root=root, local=local),
            service_user_trusted=layers.get("service_user_trusted", built_in=False),
            memory=layers.get("memory", None, READ),
            cores=layers.get("cores", None, READ),
            java=layers.get("java", "any"),
            packet_filter=layers.get("packet_filter", "nftables"),
            dump_days=layers.get("dump_days", 14),
            python=layers.get("python", PYTHON),
            check=self._check(layers, usable=root and not local),
        )
        self._judge(node, layers, alone=alone)
        return node

    def _ssh(self, layers: Layers) -> Ssh:
        key = layers.get("key", None)
        return Ssh(
            user=layers.get("user", self._me, "the user who runs fatecloud"),
            port=layers.get("port", 22),
            key=str(self._directory / key) if key else None,
            agent=layers.get("agent", built_in=True),
            password=layers.get("password", None),
            jump=layers.get("jump", None),
        )

    def _check(self, layers: Layers, *, usable: bool) -> CheckLogin | None:
        # A default is for the nodes that can have such a login.
        if not layers.has("check") or not (usable or layers.source("check").startswith("nodes.")):
            return None
        section = layers.section("check")
        key = section.get("key", None, "that of ssh")
        return CheckLogin(section.get("user", ""), str(self._directory / key) if key else None)

    def _paths(self, layers: Layers, *, login: str, root: bool, local: bool) -> Paths:
        home = "~" if local else "/root" if login == "root" else f"/home/{login}"
        usual = "/data/projects/fate" if root else f"{home}/fatecloud"
        base = self._own_directory(layers, "base", layers.get("base", usual), local=local)
        below = {name: layers.get(name, f"{base}/{name}", "below base") for name in _PATHS_BELOW_BASE}
        own = {name: self._own_directory(layers, name, path, local=local) for name, path in below.items()}
        return Paths(base, **own)

    def _own_directory(self, layers: Layers, name: str, path: str, *, local: bool) -> str:
        expected = DIRECTORY.what
        if is_home(path):
            if local:
                path = os.path.expanduser(path)  # noqa: PTH111 - unchanged if there is no home directory
            else:
                expected = "an absolute path: ~ only works on a local node"
        # Home directories and logins may have characters that our paths must not have.
        if not is_home(path) and re.fullmatch(DIRECTORY.pattern, path):
            return path
        self._reader.problems.add(self._reader.at(layers.source(name)), f"{name} is {path!r}", expected)
        return "/"  # so that the directories below it do not cause further problems

    def _judge(self, node: Node, layers: Layers, *, alone: bool) -> None:
        def refuse(key: str, what: str, expected: str) -> None:
            self._reader.problems.add(self._reader.at(layers.source(key)), what, expected)

        if node.become == "none" and node.supervision == "systemd":
            refuse("supervision", f"systemd on {node.name} needs root", "become: root, or supervision: supervisor")
        if node.become == "none" and node.packages == "repos":
            refuse(
                "packages", f"installing packages on {node.name} needs root", "become: root, or packages: preinstalled"
            )
        if node.check and node.become != "root":
            refuse("check", f"a login for checks of {node.name} alone", "become: root: without it there are no rights")
        if node.check and node.connection == "local":
            refuse("check", f"a login for checks of {node.name} alone", "a node that is reached over SSH")
        if node.connection == "local" and not alone and node.advertise == LOOPBACK:
            refuse(
                "advertise",
                f"no other node can reach {node.name} at {LOOPBACK}",
                f"advertise: its address in nodes.{node.name}",
            )

    def _judge_accounts(self, nodes: Mapping[str, Node], layered: Mapping[str, Layers]) -> None:
        logins = {name: self._login(node) for name, node in nodes.items()}
        for name, node in nodes.items():
            for key, what, expected in account_problems(node, logins[name], set(logins.values())):
                self._reader.problems.add(self._reader.at(layered[name].source(key)), what, expected)

    def _login(self, node: Node) -> str:
        return self._me if node.connection == "local" else node.ssh.user

    def _refuse_twins(self, nodes: Mapping[str, Node]) -> None:
        seen: dict[tuple[str, int], str] = {}
        for name, node in nodes.items():
            local = node.connection == "local"
            # By address and port: one machine may have several sshds, as containers behind one address do.
            key = ("local", 0) if local else (node.address.lower(), node.ssh.port)
            first = seen.setdefault(key, name)
            if first != name and node.address:
                what = f"{name} and {first} are the same machine: {'local' if local else f'{key[0]} port {key[1]}'}"
                expected = "each machine once; parties may share it"
                self._reader.problems.add(self._reader.at(f"nodes.{name}.address"), what, expected)


def _group(user: str, *, mine: bool) -> str:
    if not mine:
        return user
    try:
        return grp.getgrgid(os.getgid()).gr_name
    except KeyError:
        return user
