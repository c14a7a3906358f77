"""Opens an SSH connection: name, route, host key, login. A failure of each has its own code."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from fatecloud.errors import TransportError
from fatecloud.model.remedy import Edit, administrator, look
from fatecloud.transport.hostkeys import KnownHost
from fatecloud.transport.jump import Hop
from fatecloud.transport.keys import agent_keys, keys_of
from fatecloud.transport.library import paramiko

_RESOLVE = Edit("add the name, or correct it", "/etc/hosts", instead=True)

# Without a handler of its own, Python prints the library's warnings and tracebacks on stderr.
logging.getLogger("paramiko").addHandler(logging.NullHandler())
logging.getLogger("paramiko").propagate = False
# Seconds. Firewalls drop connections that are silent for some minutes, as during a long step of a deploy.
_KEEPALIVE = 30


@dataclass(frozen=True, slots=True)
class Clock:
    """What is left of the seconds for the whole connection."""

    until: float

    @property
    def left(self) -> float:
        """Seconds, never below a moment: zero would mean something else to a socket."""
        return max(0.05, self.until - time.monotonic())


@dataclass(frozen=True, slots=True)
class Connection:
    """An authenticated connection and those that carry it, outermost first."""

    transport: paramiko.Transport
    carriers: tuple[paramiko.Transport, ...] = ()

    def close(self) -> None:
        """End all of them."""
        for transport in (self.transport, *reversed(self.carriers)):
            transport.close()


@dataclass(frozen=True, slots=True)
class Login:
    """How one connection is opened."""

    node: str
    known_hosts: Path
    accept_new: bool
    password: Callable[[], str | None]
    """Asked only when keys were not enough; for the node itself, never for a jump host."""

    def open(self, hop_list: tuple[Hop, ...], timeout: float) -> Connection:
        """Connect through all hops; the last one is the node. Raises TransportError."""
        clock = Clock(time.monotonic() + timeout)
        opened: list[paramiko.Transport] = []
        try:
            for hop in hop_list:
                last = hop is hop_list[-1]
                try:
                    known = self._known(hop)
                    way = self._through(opened[-1], hop, clock) if opened else self._dial(hop, clock)
                    transport = self._greet(way, hop, known, clock)
                    opened.append(transport)
                    self._authenticate(transport, hop, clock, last=last)
                except TransportError as error:
                    raise error if last else self._of_jump_host(error, hop) from None
        except BaseException:
            for transport in reversed(opened):
                transport.close()
            raise
        return Connection(opened[-1], tuple(opened[:-1]))

    def _of_jump_host(self, error: TransportError, hop: Hop) -> TransportError:
        """The same failure as the jump host's: the node was not asked. All nodes behind it get the same words."""
        reason = error.message.removeprefix(f"{self.node}: ")
        remedies = error.remedies
        if error.code == "NODE_AUTH_FAILED":
            remedies = (
                look(f"ssh -p {hop.port} {hop.user}@{hop.host} true"),
                Edit("set `ssh: {key}`, or use an SSH agent: a password is never sent to a jump host"),
            )
        elif error.code == "NODE_UNRESOLVED":
            remedies = (Edit("correct `ssh: {jump}`"), _RESOLVE)
        return TransportError(self.node, "JUMP_HOST_FAILED", f"jump host {hop.host}: {reason}", remedies=remedies)

    def _known(self, hop: Hop) -> KnownHost:
        try:
            return KnownHost(self.known_hosts, hop.host, hop.port)
        except (OSError, ValueError) as error:
            raise TransportError(
                self.node, "NODE_HOST_KEY_UNKNOWN", f"{self.known_hosts} cannot be read: {error}"
            ) from None

    def _dial(self, hop: Hop, clock: Clock) -> socket.socket:
        try:
            found = socket.getaddrinfo(hop.host, hop.port, type=socket.SOCK_STREAM)
        except (socket.gaierror, UnicodeError) as error:
            raise TransportError(
                self.node,
                "NODE_UNRESOLVED",
                f"the name {hop.host} has no address: {error.strerror if isinstance(error, OSError) else error}",
                remedies=(Edit("correct `address`"), _RESOLVE),
            ) from None
        reason: OSError | None = None
        # A name may have IPv6 and IPv4 addresses of which only one is routed.
        for family, kind, protocol, _, address in found:
            way = socket.socket(family, kind, protocol)
            way.settimeout(clock.left)
            try:
                way.connect(address)
                # Packets of a handshake are small, and each waits for the answer to the one before.
                way.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except OSError as error:
                way.close()
                reason = error
            else:
                return way
        said = "no answer" if isinstance(reason, TimeoutError) else (reason and reason.strerror) or "no address"
        raise self._unreachable(hop, said)

    def _through(self, carrier: paramiko.Transport, hop: Hop, clock: Clock) -> paramiko.Channel:
        try:
            return carrier.open_channel("direct-tcpip", (hop.host, hop.port), ("127.0.0.1", 0), timeout=clock.left)
        except paramiko.ChannelException as error:
            # The jump host's own decision. Any other refusal says something about the way from there to the node.
            if error.code == paramiko.common.OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED:
                raise TransportError(
                    self.node,
                    "JUMP_HOST_FAILED",
                    f"the jump host does not forward connections to {hop}",
                    remedies=(Edit("set `AllowTcpForwarding yes` for this user", "sshd_config", hop.host),),
                ) from None
            raise self._unreachable(hop, f"the jump host reports: {error.text}", from_jump_host=True) from None
        except (paramiko.SSHException, OSError, EOFError) as error:
            raise self._unreachable(hop, f"through the jump host: {error}", from_jump_host=True) from None

    def _greet(
        self, way: socket.socket | paramiko.Channel, hop: Hop, known: KnownHost, clock: Clock
    ) -> paramiko.Transport:
        transport = paramiko.Transport(way)
        # A node that does not answer must not keep the program from ending.
        transport.daemon = True
        transport.banner_timeout = transport.auth_timeout = clock.left
        try:
            known.prefer(transport)
            transport.start_client(timeout=clock.left)
            # Before any login: no password and no proof of a key goes to a server that is not the known one.
            known.verify(self.node, transport.get_remote_server_key(), accept_new=self.accept_new)
        except (paramiko.SSHException, OSError, EOFError) as error:
            transport.close()
            raise self._no_greeting(hop, error, clock) from None
        except BaseException:
            transport.close()
            raise
        transport.set_keepalive(_KEEPALIVE)
        return transport

    def _no_greeting(self, hop: Hop, error: Exception, clock: Clock) -> TransportError:
        # The library says these things only in its messages.
        if time.monotonic() >= clock.until or "banner" in str(error) or "Timeout" in str(error):
            return TransportError(
                self.node,
                "NODE_TIMEOUT",
                f"{hop} takes connections, but its sshd does not answer",
                remedies=(administrator(self.node, "look at its console: it may be out of memory, or stopped"),),
            )
        return self._unreachable(hop, f"no SSH connection: {error or 'the server closed it'}")

    def _unreachable(self, hop: Hop, reason: str, *, from_jump_host: bool = False) -> TransportError:
        try_it = f"nc -vz {hop.host} {hop.port}"
        return TransportError(
            self.node,
            "NODE_UNREACHABLE",
            f"{hop} cannot be reached: {reason}",
            remedies=(
                administrator("the jump host", try_it) if from_jump_host else look(try_it),
                administrator(
                    self.node, f"is it up, does its sshd listen on port {hop.port}, does a firewall block it?"
                ),
            ),
        )

    def _authenticate(self, transport: paramiko.Transport, hop: Hop, clock: Clock, *, last: bool) -> None:
        transport.auth_timeout = clock.left
        tried: list[str] = []
        try:
            with agent_keys(hop) as held:
                for label, key in keys_of(hop, held, tried):
                    tried.append(label)
                    if _accepted(partial(transport.auth_publickey, hop.user, key)):
                        return
            # The password is the node's own: a jump host would get to know one that is not its own.
            password = self.password() if last else None
            if password is not None:
                tried.append("the password")
                if _accepted(partial(transport.auth_password, hop.user, password)):
                    return
        except (paramiko.SSHException, OSError, EOFError) as error:
            tried.append(f"then the server closed the connection ({error or type(error).__name__})")
        if time.monotonic() >= clock.until:
            raise TransportError(self.node, "NODE_TIMEOUT", f"the login at {hop} did not end in time")
        raise TransportError(
            self.node,
            "NODE_AUTH_FAILED",
            f"{hop} does not let {hop.user} in; tried: {', '.join(tried) or 'nothing, because there is no key'}",
            remedies=(
                look("journalctl -u ssh", self.node, root=True),
                Edit("set `ssh: {user, key}`, load the key into the SSH agent, or give `ssh: {password}`"),
            ),
        )


def _accepted(attempt: Callable[[], list[str]]) -> bool:
    """Whether one method was enough. A server that wants a second factor refuses."""
    try:
        return not attempt()
    except paramiko.AuthenticationException:
        return False
