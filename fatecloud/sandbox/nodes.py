"""A running sandbox, with commands, reboots and faults for its nodes."""

from __future__ import annotations

import io
import tarfile
import time
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

import docker
from docker.errors import NotFound
from docker.models.containers import Container

from fatecloud.errors import SandboxError
from fatecloud.model.completed import Completed
from fatecloud.sandbox.engine import ADDRESS_LABEL, LABEL, NODE_LABEL, refusals
from fatecloud.sandbox.execute import execute

STOP_SIGNAL = "SIGRTMIN+3"
"""This signal makes a systemd that is PID 1 stop everything in order and end."""
# What `timeout` of coreutils ends with when the time is over.
_TIMED_OUT = 124
_POLL = 0.2


def network_name(sandbox: str) -> str:
    """Name of a sandbox's Docker network."""
    return f"fatecloud-{sandbox}"


def container_name(sandbox: str, node: str) -> str:
    """Name of a node's container."""
    return f"fatecloud-{sandbox}-{node}"


class Sandbox:
    """The nodes of one sandbox, by name, as root on the controller sees them: through Docker, without SSH."""

    def __init__(self, client: docker.DockerClient, name: str) -> None:
        self.name = name
        self._client = client

    @property
    def nodes(self) -> tuple[str, ...]:
        """Names of the nodes, in order; empty when there is no such sandbox."""
        return tuple(self.containers())

    @property
    def addresses(self) -> Mapping[str, str]:
        """Node name -> its IPv4 address, which stays the same after restarts."""
        return {name: container.labels[ADDRESS_LABEL] for name, container in self.containers().items()}

    def containers(self) -> dict[str, Container]:
        """Node name -> its container, running or not."""
        with refusals(f"listing the nodes of sandbox {self.name}"):
            found = self._client.containers.list(all=True, filters={"label": f"{LABEL}={self.name}"})
        nodes = {container.labels[NODE_LABEL]: container for container in found}
        return dict(sorted(nodes.items(), key=lambda item: (len(item[0]), item[0])))

    def address(self, node: str) -> str:
        """IPv4 address of a node."""
        return str(self._container(node).labels[ADDRESS_LABEL])

    def exec(
        self,
        node: str,
        argv: Sequence[str],
        user: str = "root",
        *,
        timeout: float = 60,
        environment: Mapping[str, str] | None = None,
    ) -> Completed:
        """Run a command on a node, without SSH.

        Args:
            node: name of the node.
            argv: the command, which is not run by a shell.
            user: the user that runs it.
            timeout: seconds after which it is killed.
            environment: additional variables.

        Raises:
            SandboxError: the node is stopped or paused, or the command took too long.
        """
        with refusals(f"running {argv[0]} on {node}"):
            done = execute(
                self._client.api,
                str(self._container(node).id),
                argv,
                user=user,
                timeout=timeout,
                environment=environment or {},
            )
        if done.exit == _TIMED_OUT:
            raise SandboxError(f"{node}: {argv[0]} did not end within {timeout:g} s")
        return done

    def write(self, node: str, path: str, data: bytes, *, mode: int = 0o644, user: str = "root") -> None:
        """Put a file on a node; its directory is created. Not for tmpfs directories such as `/run`.

        Raises:
            SandboxError: a command on the node fails.
        """
        parent = PurePosixPath(path).parent
        owned = ["install", "-d", "-o", user, "-g", user] if user != "root" else ["mkdir", "-p"]
        self.check(node, [*owned, str(parent)])
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            entry = tarfile.TarInfo(PurePosixPath(path).name)
            entry.size, entry.mode = len(data), mode
            archive.addfile(entry, io.BytesIO(data))
        with refusals(f"writing {path} on {node}"):
            self._container(node).put_archive(str(parent), packed.getvalue())
        self.check(node, ["chown", f"{user}:", path])

    def check(self, node: str, argv: Sequence[str], *, timeout: float = 60) -> str:
        """Run a command as root that must succeed, and return its output.

        Raises:
            SandboxError: it failed; with the last line of its output.
        """
        done = self.exec(node, argv, timeout=timeout)
        if done.exit != 0:
            raise SandboxError(f"{node}: `{' '.join(argv)}` failed with status {done.exit}: {done.error or done.text}")
        return done.text

    def restart(self, *nodes: str, power_cut: bool = False, timeout: float = 180) -> None:
        """Reboot nodes (all of them if none is named) at the same time, and wait until they are up again.

        Like a reboot, it empties `/run` and `/tmp`, ends every process and starts systemd again.

        Args:
            nodes: names.
            power_cut: whether everything is killed at once instead of being stopped in order.
            timeout: seconds until all are up again.

        Raises:
            SandboxError: a node did not go down or come up in time.
        """
        chosen = nodes or self.nodes
        deadline = time.monotonic() + timeout
        containers = {node: self._container(node) for node in chosen}
        with refusals(f"restarting {', '.join(chosen)}"):
            for container in containers.values():
                # All of them first, so that they go down together.
                container.kill("SIGKILL" if power_cut else STOP_SIGNAL)
            for container in containers.values():
                container.wait(timeout=max(1, deadline - time.monotonic()))
                container.start()
        self.wait(*chosen, timeout=max(1.0, deadline - time.monotonic()))

    def wait(self, *nodes: str, timeout: float = 90) -> None:
        """Wait until systemd has finished booting and sshd answers on the nodes (all of them if none is named).

        Raises:
            SandboxError: a node is not up within `timeout` seconds; the message names its failed units.
        """
        deadline = time.monotonic() + timeout
        for node in nodes or self.nodes:
            while (state := self._state(node)) != "running":
                if time.monotonic() > deadline:
                    failed = self.exec(node, ["systemctl", "--failed", "--plain", "--no-legend"]).text.split("\n")[0]
                    raise SandboxError(f"{node} did not come up within {timeout:g} s: systemd is {state!r}; {failed}")
                time.sleep(_POLL)

    def pause(self, node: str) -> None:
        """Freeze every process of a node: its kernel still answers, its services do not."""
        with refusals(f"pausing {node}"):
            self._container(node).pause()

    def unpause(self, node: str) -> None:
        """Let a paused node continue."""
        with refusals(f"unpausing {node}"):
            self._container(node).unpause()

    def disconnect(self, node: str) -> None:
        """Disconnect a node from the network."""
        with refusals(f"disconnecting {node}"):
            self._client.networks.get(network_name(self.name)).disconnect(self._container(node))

    def connect(self, node: str) -> None:
        """Connect a node to the network again, with the same address."""
        with refusals(f"connecting {node}"):
            self._client.networks.get(network_name(self.name)).connect(
                self._container(node), ipv4_address=self.address(node), aliases=[node]
            )

    def blackhole(self, node: str) -> None:
        """Let a node drop every incoming packet, so that every connection to it times out."""
        self.check(node, ["iptables", "-w", "-I", "INPUT", "1", "!", "-i", "lo", "-j", "DROP"])

    def heal(self, node: str) -> None:
        """Undo one `blackhole`."""
        self.check(node, ["iptables", "-w", "-D", "INPUT", "!", "-i", "lo", "-j", "DROP"])

    def _state(self, node: str) -> str:
        state = self.exec(node, ["systemctl", "is-system-running"], timeout=20).text.strip()
        if state != "running":
            return state
        # systemd calls a node running while a unit that was started again is still on its way.
        listening = self.exec(node, ["systemctl", "is-active", "ssh.service"], timeout=20).text.strip()
        return "running" if listening == "active" else f"running, ssh {listening}"

    def _container(self, node: str) -> Container:
        try:
            with refusals(f"looking for {node}"):
                return self._client.containers.get(container_name(self.name, node))
        except SandboxError as error:
            if isinstance(error.__cause__, NotFound):
                remedy = "`fatecloud sandbox list` shows them."
                raise SandboxError(f"sandbox {self.name} has no node {node}", remedy=remedy) from None
            raise
