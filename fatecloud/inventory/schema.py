"""The declarations of the inventory, version 1. The reader, the JSON Schema and the reference page all use them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from fatecloud.catalogue.architectures import ARCHITECTURES
from fatecloud.inventory.addresses import ENDPOINT, HOST, PORT, Networks
from fatecloud.inventory.cluster_id import CLUSTER_ID, new_id
from fatecloud.inventory.component_settings import component_section
from fatecloud.inventory.kinds import Choice, Flag, Size, Whole
from fatecloud.inventory.places import PlaceKind
from fatecloud.inventory.references import PASSWORD, SECRET
from fatecloud.inventory.sections import Field, Named, Section
from fatecloud.inventory.words import (
    ACCOUNT,
    APP_ID,
    CLUSTER_NAME,
    DIRECTORY,
    FATE_VERSION,
    GROUP_NAME,
    INTERPRETER,
    JUMP,
    KEY_FILE,
    LOGIN,
    NODE_NAME,
    PARTY_ID,
    PEER_KEY,
    RELEASE_NAME,
)
from fatecloud.model.api import API_VERSION
from fatecloud.model.component import Component
from fatecloud.model.node import PYTHON

SSH = Section(
    "a mapping with user, port, key, ...",
    {
        "user": Field(LOGIN, "Login user.", default="the user who runs fatecloud"),
        "port": Field(PORT, "Port of sshd.", default="22"),
        "key": Field(KEY_FILE, "Private key on the controller.", default="the default keys of OpenSSH"),
        "agent": Field(Flag(), "Whether to try the keys of a running SSH agent.", default="true"),
        "password": Field(PASSWORD, "Login password, as a reference.", default="none"),
        "jump": Field(JUMP, "Host to jump through.", default="none"),
    },
)
PATHS = Section(
    "a mapping with base, data, logs or backup",
    {
        "base": Field(
            DIRECTORY,
            "Everything that fatecloud puts on the node.",
            default="/data/projects/fate; ~/fatecloud with become: none",
        ),
        "data": Field(DIRECTORY, "Data of the services.", default="data below base"),
        "logs": Field(DIRECTORY, "Logs of the services.", default="logs below base"),
        "backup": Field(DIRECTORY, "Dumps that are made before a migration changes data.", default="backup below base"),
    },
)
CHECK = Section(
    "a mapping with user and key",
    {
        "user": Field(LOGIN, "Login that may run only the installed collector as root.", required=True),
        "key": Field(KEY_FILE, "Its private key on the controller.", default="that of `ssh`"),
    },
)
_FOUND = "what the node's first deploy finds, also later when the machine has changed"
_DEFAULTABLE = {
    "ssh": Field(SSH, "How to reach the node."),
    "become": Field(
        Choice(("root", "none"), ("service",)),
        "The user that fatecloud becomes with sudo.",
        default="root; none on a local node",
    ),
    "become_password": Field(PASSWORD, "Password for sudo, as a reference.", default="none"),
    "service_user": Field(
        ACCOUNT,
        "Account that all services of the node share.",
        default="one for each service; the login user with become: none",
    ),
    "service_user_trusted": Field(
        Flag(),
        "Whether `service_user` may be a login of this inventory, or may become root: then so can every service.",
        default="false",
    ),
    "service_group": Field(ACCOUNT, "Its group.", default="the group named like the service user"),
    "supervision": Field(
        Choice(("systemd", "supervisor")),
        "The program that keeps services running.",
        default="systemd; supervisor with become: none",
    ),
    "packages": Field(
        Choice(("repos", "preinstalled"), ("store",)),
        "Where distribution packages come from.",
        default="repos; preinstalled with become: none",
    ),
    "paths": Field(PATHS, "Directories on the node."),
    "bind": Field(
        HOST,
        "Address that services listen on for other parties, and for other nodes of their own party.",
        default="for other parties all (0.0.0.0 or ::), 127.0.0.1 if a local node is the only one; else `advertise`",
    ),
    "memory": Field(Size(minimum=1 << 28, maximum=1 << 50), "Memory that its services are sized for.", default=_FOUND),
    "cores": Field(
        Whole(1, 4096),
        "CPU cores that its services and jobs are sized for.",
        default=_FOUND,
    ),
    "java": Field(
        Choice(("any", "imported")),
        "Which JVMs services run in: the first in range of the node's own, its distribution's packages and imported "
        "ones; or an imported one.",
        default="any",
    ),
    "packet_filter": Field(
        Choice(("nftables", "none")),
        "What keeps others than its callers from a port that asks no one for a password: nftables, with root and "
        "systemd (a table for each service with such a port), or nothing.",
        default="nftables",
    ),
    "dump_days": Field(
        Whole(1, 3650),
        "Days that the dumps of migrations stay in `paths.backup`; the newest one of each service always stays.",
        default="14",
    ),
    "check": Field(CHECK, "A login of its own for `check` and `status`, with few rights.", default="that of `ssh`"),
    "python": Field(INTERPRETER, "Interpreter for Ansible on the node.", default=PYTHON),
}
NODE = Section(
    "a mapping with address, ssh, become, ...",
    {
        "address": Field(HOST, "Address for SSH; `local` for this machine.", required=True),
        "connection": Field(
            Choice(("ssh", "local")), "How commands reach the node.", default="ssh; local for address local"
        ),
        "advertise": Field(HOST, "Address that its neighbours use.", default="the address; 127.0.0.1 for local"),
        **_DEFAULTABLE,
    },
)
DEFAULTS = Section("a mapping with any key of a node that several nodes can share", _DEFAULTABLE)


APP = Section(
    "a mapping with id and token",
    {
        "id": Field(APP_ID, "Its id.", required=True),
        "token": Field(SECRET, "Its token, as a reference.", required=True),
    },
)
APPS = Named('{"9999": {id: ..., token: {secret: ...}}}', PARTY_ID, APP)


def inventory_section(components: Mapping[str, Component]) -> Section:
    """The section of the whole file, with keys for these components."""
    kinds = {component.peer_kind for component in components.values() if component.peer_kind} | _public(components)
    endpoints = _endpoints(kinds)
    addresses = Field(
        Networks(),
        "Networks from which its connections come, after NAT. Once any party has them, only named ones get in.",
        default="unknown; of a party with `addresses` elsewhere, its nodes'",
    )
    apps = Field(APPS, "What it issued to each of our parties, to sign their requests to it.", default="none")
    peer = Section(
        "a mapping from kind of endpoint to host:port, addresses, fate, key and apps",
        {
            **endpoints.fields,
            "addresses": addresses,
            "key": Field(PEER_KEY, "Key that its operator signs with; `fatecloud key show` there.", default="none"),
            "fate": Field(
                FATE_VERSION,
                "Version of FATE that it runs. Parties of a version with which it cannot run jobs get no route to it.",
                default="unknown; each party has a route to it",
            ),
            "former_key": Field(PEER_KEY, "Key that they signed with before.", default="none"),
            "apps": apps,
        },
    )
    party = Section(
        "a mapping with release, public, addresses, services and config (or {} for all defaults)",
        {
            "release": Field(RELEASE_NAME, "Its own release.", default="the inventory's `release`"),
            "public": _reached(_public(components)),
            "addresses": addresses,
            "services": _services(components, "Which component is on which node.", "the party's only node"),
            "config": _settings(components),
        },
    )
    lent = {name: component for name, component in components.items() if component.groups}
    where = replace(_services(lent, "Which component is on which node.", "not there"), required=True)
    group = Section(
        "a mapping with release, services and config",
        {
            "release": Field(RELEASE_NAME, "Release of its services.", required=True),
            "services": where,
            **({"public": _reached(_public(lent))} if _public(lent) else {}),
            "config": _settings(lent),
        },
    )
    architecture = Choice(ARCHITECTURES)
    return Section(
        "a mapping with apiVersion, cluster, nodes, parties, ...",
        {
            "apiVersion": Field(Choice((API_VERSION,)), "Version of this format.", required=True),
            "cluster": Field(CLUSTER_NAME, "Name of the cluster, part of every unit's name.", required=True),
            "id": Field(
                CLUSTER_ID,
                "Random, written by `fatecloud init`; `fatecloud init --new-id` gives a copy another one.",
                required=True,
                make=new_id,
            ),
            "release": Field(RELEASE_NAME, "Release of the parties that name none.", default="required for parties"),
            "architecture": Field(
                architecture,
                "How the components of a party are connected.",
                default="required for parties, unless the release knows none",
            ),
            "defaults": Field(DEFAULTS, "Any key of a node, for all nodes."),
            "nodes": Field(Named("at least one node: {address: ...}", NODE_NAME, NODE), "The machines.", required=True),
            "parties": Field(Named('at least one party: {"9999": {}}', PARTY_ID, party), "The parties."),
            "groups": Field(
                Named("{shared: {release: ..., services: {...}}}", GROUP_NAME, group),
                "Services that belong to no single party: of an exchange, for serving, or shared by parties.",
            ),
            "peers": Field(Named('{"10000": {...}}', PARTY_ID, peer, least=0), "Parties of other operators."),
        },
    )


def _public(components: Mapping[str, Component]) -> set[str]:
    """The kinds of public endpoints that these components serve."""
    return {port.public for component in components.values() for port in component.ports if port.public}


def _reached(kinds: Iterable[str]) -> Field:
    return Field(_endpoints(kinds), "Endpoints that peers use.", default="the node's advertise address and port")


def _endpoints(kinds: Iterable[str]) -> Section:
    fields = {kind: Field(ENDPOINT, f"Its {kind}.") for kind in sorted(kinds)}
    return Section("a mapping from kind of endpoint to host:port", fields)


def _services(components: Mapping[str, Component], doc: str, default: str) -> Field:
    fields = {name: Field(PlaceKind(c), c.summary, default=default) for name, c in components.items()}
    return Field(Section("a mapping from component to node", fields), doc)


def _settings(components: Mapping[str, Component]) -> Field:
    fields = {name: Field(component_section(c), c.summary) for name, c in components.items()}
    return Field(Section("a mapping from component to its settings", fields), "Settings per component.")
