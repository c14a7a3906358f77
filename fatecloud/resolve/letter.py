"""What an inventory asks of the departments for networks, databases, security and machines. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.model.desired import Desired
from fatecloud.model.endpoint import is_address
from fatecloud.model.letter import Directory, Letter, Login, Machine, Route, ServiceAccount, Supply
from fatecloud.model.needs import LOGS
from fatecloud.model.node import Node
from fatecloud.model.parts import expected_size
from fatecloud.model.passwords import Prompt, SecretRef
from fatecloud.resolve.routes import routes


def letter_of(desired: Desired) -> Letter:
    """The whole letter.

    Args:
        desired: the desired state; its files need not be rendered, and the artifact store may be empty.
    """
    found, cluster = routes(desired), desired.cluster
    return Letter(
        cluster=cluster.name,
        id=cluster.id,
        releases=cluster.releases,
        routes=found,
        names=_names(found),
        supplies=tuple(_supplies(desired)),
        logins=tuple(login for node in cluster.nodes.values() for login in _logins(node)),
        accounts=tuple(_accounts(desired)),
        machines=tuple(_machine(desired, node) for node in cluster.nodes.values() if desired.on_node(node.name)),
        unknown=tuple(_unknown(desired)),
    )


def _names(found: tuple[Route, ...]) -> tuple[str, ...]:
    return tuple(sorted({one.target_address for one in found if not is_address(one.target_address)}))


def _supplies(desired: Desired) -> Iterator[Supply]:
    for one in desired.given:
        if one.external is None:
            continue
        need = one.contribution
        what = f"{need.kind.partition('.')[2]} {need.name}"
        source = desired.node(desired.services[need.service].id.node)
        yield Supply(one.place, what, need.details, (source.advertise,), need.secret)


def _logins(node: Node) -> Iterator[Login]:
    if node.connection == "local":
        return
    user = node.ssh.user
    asks = isinstance(node.become_password, (SecretRef, Prompt))
    right = f"{user} ALL=(ALL) {'' if asks else 'NOPASSWD: '}ALL"
    needs_sudo = node.become == "root" and user != "root"
    means = "a password" if node.ssh.password is not None else "an SSH key"
    yield Login(node.name, user, "deploys and operates", means, right if needs_sudo else "")
    if node.check is not None:
        yield Login(
            node.name,
            node.check.user,
            "checks alone, for monitoring",
            "an SSH key",
            # The sum is known once there is a program, after the first deploy.
            f'{node.check.user} ALL=(root) NOPASSWD: sha256:SUM /usr/local/lib/fatecloud/CLUSTER/check ""',
        )


def _accounts(desired: Desired) -> Iterator[ServiceAccount]:
    for node in desired.cluster.nodes.values():
        found: dict[tuple[str, str], list[str]] = {}
        for service in desired.on_node(node.name):
            found.setdefault((service.user, service.group), []).append(service.id.key)
        for (user, group), keys in found.items():
            yield ServiceAccount(node.name, user, group, tuple(keys), node.become == "root")


def _machine(desired: Desired, node: Node) -> Machine:
    services = desired.on_node(node.name)
    rooms = {
        (node.paths.base, "programs of the release"): expected_size(desired, node.name),
        (node.paths.data, "data in the first days; it grows with uploads, models and results"): sum(
            service.needs.disk for service in services
        ),
        (node.paths.logs, "logs"): LOGS * len(services),
    }
    packages: dict[str, set[str]] = {}
    for service in services:
        for family, names in service.packages.items():
            packages.setdefault(family, set()).update(names)
    return Machine(
        name=node.name,
        address=node.address,
        arch=desired.release_of(services[0].id).arch,
        memory=sum(service.needs.memory for service in services),
        directories=tuple(Directory(path, size, what) for (path, what), size in rooms.items() if size),
        packages={family: tuple(sorted(names)) for family, names in sorted(packages.items())},
        source=node.packages,
        supervision=node.supervision,
        become=node.become,
    )


def _unknown(desired: Desired) -> Iterator[str]:
    for peer in desired.cluster.peers.values():
        if not peer.addresses:
            yield (
                f"from which addresses party {peer.id} connects: ask them, and write them as `addresses` of the peer"
            )
