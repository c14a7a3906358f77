# fatecloud cluster=demo-eeeeee owner=guest service=zookeeper
# Made by fatecloud from its own files, without their annotations: Python 3.6 cannot read all of those.
"""The beginning of every script that is sent to a node: makes the modules importable that its text carries.

See `components/script.py`, which writes them behind this.
"""



import sys
from importlib.machinery import ModuleSpec
from types import ModuleType



class Carried:
    """Finds and loads them, as Python's import asks for it; their packages are empty."""

    texts = {}  # noqa: RUF012 - the only one

    @classmethod
    def find_spec(cls, name, *_):
        """None for what others may find."""
        below = any(other.startswith(name + ".") for other in cls.texts)
        return ModuleSpec(name, cls, is_package=below) if below or name in cls.texts else None  # type: ignore[arg-type]

    @staticmethod
    def create_module(_):
        """As Python does it."""

    @classmethod
    def exec_module(cls, module):
        """Errors in it have the name and the lines of its file."""
        file = module.__name__.replace(".", "/") + ".py"
        exec(compile(cls.texts.get(module.__name__, ""), file, "exec", dont_inherit=True), vars(module))  # noqa: S102


sys.meta_path.insert(0, Carried)


Carried.texts['fatecloud.components.zookeeper.protocol'] = r'''"""Runs on the node: ZooKeeper's own protocol, as far as fatecloud speaks it.

Messages are those of `zookeeper.jute` in ZooKeeper's source: a length of four bytes, then numbers in network order, and
texts with their length before them.
"""



import base64
import hashlib
import json
import struct


from fatecloud.probing.dialing import connected, readable
from fatecloud.probing.patience import patient

TIMEOUT = 5
MOST = 256 << 10
"""Bytes of an answer."""
NAME_MOST = 2000
"""Characters of a name: Serving's say all about what is registered."""
GET_ACL, SET_ACL, CHILDREN, CLOSE, AUTH = 6, 7, 8, -11, 100
AUTH_XID = -4
ALL = 31
"""Read, write, create, delete, and change the list of those who may."""
GONE, NO_AUTH, AUTH_FAILED = -101, -102, -115
NOT_SERVING = "not currently serving requests"


class Refused(Exception):
    """ZooKeeper answered with an error; its number is the argument."""


def words(host, port, command):
    """The answer to a command of four letters. Raises OSError."""
    with connected(f"[{host}]:{port}", TIMEOUT) as connection:
        connection.settimeout(patient(TIMEOUT))
        connection.sendall(command.encode())
        found = b""
        while len(found) < MOST:
            part = connection.recv(8192)
            if not part:
                break
            found += part
    return found.decode(errors="replace")


def digest(account, password):
    """How an account is written in a list of those who may: `fate:<SHA-1, in base64>`."""
    both = f"{account}:{password}".encode()
    return f"{account}:{base64.b64encode(hashlib.sha1(both).digest()).decode()}"  # noqa: S324 - ZooKeeper's own


def account_in(path):
    """Account and password, from the service's own file."""
    with open(path, encoding="utf-8") as file:  # noqa: PTH123 - pathlib costs a node as much as the question
        found = json.load(file)
    return str(found["account"]), str(found["password"])


def text(value):
    """A text as ZooKeeper writes it."""
    return struct.pack("!i", len(value.encode())) + value.encode()


class Session:
    """A session of a client. Every method raises OSError, ValueError for another protocol, or Refused."""

    def __init__(self, host, port):
        self._socket = connected(f"[{host}]:{port}", TIMEOUT)
        self._socket.settimeout(patient(TIMEOUT))
        self._next = 1
        try:
            # Protocol, last transaction seen, milliseconds until it ends, id and password of a new session.
            self._send(struct.pack("!iqiq", 0, 0, 10000, 0) + text("\0" * 16) + b"\0")
            self._receive()
        except (OSError, ValueError):
            self._socket.close()
            raise

    def login(self, account, password):
        """Prove who we are. ZooKeeper says yes to any password: it counts where a list names the account."""
        self._ask(AUTH, struct.pack("!i", 0) + text("digest") + text(f"{account}:{password}"), AUTH_XID)

    def acl(self, path):
        """Who may do what with a path: rights, scheme and id."""
        answer = self._ask(GET_ACL, text(path))
        (count,), place = struct.unpack_from("!i", answer), 4
        found = []
        for _ in range(min(count, 1000)):
            (rights,) = struct.unpack_from("!i", answer, place)
            scheme, place = _text_at(answer, place + 4)
            name, place = _text_at(answer, place)
            found.append((rights, scheme, name))
        return found

    def set_acl(self, path, entries):
        """Replace the list of those who may."""
        body = b"".join(struct.pack("!i", rights) + text(scheme) + text(name) for rights, scheme, name in entries)
        self._ask(SET_ACL, text(path) + struct.pack("!i", len(entries)) + body + struct.pack("!i", -1))

    def children(self, path):
        """The names of the nodes below one."""
        answer = self._ask(CHILDREN, text(path) + b"\0")
        (count,) = struct.unpack_from("!i", answer)
        found, place = [], 4
        for _ in range(max(0, count)):
            name, place = _text_at(answer, place)
            found.append(name)
        return found

    def close(self):
        """End the session at once, so that nothing of it stays until its time is over."""
        try:
            self._ask(CLOSE, b"")
        finally:
            self._socket.close()

    def _ask(self, kind, body, xid = 0):
        if not xid:
            xid, self._next = self._next, self._next + 1
        # The server answers in the order of the requests, with the number of each.
        self._send(struct.pack("!ii", xid, kind) + body)
        answer = self._receive()
        got, _, error = struct.unpack_from("!iqi", answer)
        if got != xid:
            raise ValueError(f"an answer to {got} instead of {xid}")
        if error:
            raise Refused(error)
        return answer[16:]

    def _send(self, body):
        self._socket.sendall(struct.pack("!i", len(body)) + body)

    def _receive(self):
        (length,) = struct.unpack("!i", self._exactly(4))
        if not 0 <= length <= MOST:
            raise ValueError(f"an answer of {length} bytes")
        return self._exactly(length)

    def _exactly(self, count):
        found = b""
        while len(found) < count:
            part = self._socket.recv(count - len(found))
            if not part:
                raise ConnectionResetError("connection closed")
            found += part
        return found


def _text_at(data, place):
    (length,) = struct.unpack_from("!i", data, place)
    end = place + 4 + max(0, length)
    return readable(data[place + 4 : end].decode(errors="replace"), NAME_MOST), end
'''
Carried.texts['fatecloud.probing.dialing'] = r'''"""Runs on the node: asks many endpoints the same question at once, and names what went wrong with each.

An answer has `ok`; if that is false also `kind` and `error`:

    name         the name has no address, or no name server answers
    timeout      no connection: packets are dropped on the route there or back, or the machine is gone
    unreachable  a router or a firewall on the route rejects the connection
    refused      the machine answers, and refuses the port
    reset        the connection was made and broken off
    silent       the connection was made, and nothing came back over it
    foreign      something answers that does not speak the protocol
    large        short questions are answered, and long ones are not: large packets are lost

`party=host:port` pairs come in as arguments and go out as `peers`: party -> its answer, with its `endpoint`.
"""



import socket
import threading
import time
from collections.abc import Callable


from fatecloud.probing.connecting import connection_to
from fatecloud.probing.patience import patient

PARALLEL = 64
"""Endpoints asked at the same time; a party seldom has more than ten."""


def address_of(endpoint):
    """Host and port of `host:port` or `[address]:port`."""
    host, _, port = endpoint.rpartition(":")
    # The brackets of an IPv6 address belong to the notation.
    return host.strip("[]"), int(port)


def connected(endpoint, seconds):
    """A socket that is connected. Raises OSError."""
    return connection_to(*address_of(endpoint), patient(seconds))


def readable(text, most = 200):
    """What another party sent, as it may be shown: bounded, and without control characters."""
    return "".join(c for c in str(text)[:most] if c.isprintable())


def trouble(error, seconds, after = "timeout"):
    """What an error of a socket means.

    Args:
        error: an OSError.
        seconds: the time limit.
        after: kind of a time-out: `timeout` before there is a connection, `silent` from then on.
    """
    if isinstance(error, (TimeoutError, socket.timeout)):  # two classes before Python 3.10
        what = "connected, then no answer" if after == "silent" else "no answer"
        return {"ok": False, "kind": after, "error": f"{what} within {patient(seconds):g} s"}
    if isinstance(error, socket.gaierror):
        return {"ok": False, "kind": "name", "error": f"the name does not resolve here: {error.strerror}"}
    if isinstance(error, ConnectionRefusedError):
        return {"ok": False, "kind": "refused", "error": "connection refused"}
    if isinstance(error, ConnectionError):
        return {"ok": False, "kind": "reset", "error": f"the connection was broken off: {error}"}
    return {"ok": False, "kind": "unreachable", "error": str(getattr(error, "strerror", None) or error)}


def asked(pairs, ask, seconds):
    """The document about every `party=host:port`.

    Args:
        pairs: as they come from the command line.
        ask: returns the answer of one party at its endpoint; called in threads.
        seconds: a party without an answer by then counts as `name`, because only a name server can take that long;
            where no name server is asked, this node has too much to do, and it counts as `timeout`.
    """
    wanted = dict(pair.split("=", 1) for pair in pairs)
    answers = {}
    turns = threading.Semaphore(PARALLEL)

    def put(party, endpoint):
        with turns:
            try:
                answers[party] = ask(party, endpoint)
            except Exception as error:  # noqa: BLE001 - what one peer answers must not cost the others their answers
                what = f"its answer cannot be read: {type(error).__name__}"
                answers[party] = {"ok": False, "kind": "foreign", "error": what}

    # A look-up at a name server that does not answer has no time limit: its thread is abandoned.
    threads = [threading.Thread(target=put, args=pair, daemon=True) for pair in wanted.items()]
    for thread in threads:
        thread.start()
    until = time.monotonic() + patient(seconds)
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    peers = {
        party: dict(answers.get(party) or _late(endpoint, seconds), endpoint=endpoint)
        for party, endpoint in wanted.items()
    }
    failed = sorted(party for party, answer in peers.items() if not answer["ok"])
    if failed:
        return {"ok": False, "kind": "unreachable", "error": "not reached: " + ", ".join(failed), "peers": peers}
    return {"ok": True, "peers": peers}


def _late(endpoint, seconds):
    if _is_address(address_of(endpoint)[0]):
        return {"ok": False, "kind": "timeout", "error": f"no answer within {patient(seconds):g} s"}
    return {
        "ok": False,
        "kind": "name",
        "error": f"no answer, perhaps from the name server, within {patient(seconds):g} s",
    }


def _is_address(host):
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, host)
        except OSError:
            continue
        return True
    return False
'''
Carried.texts['fatecloud.probing.connecting'] = r'''"""Runs on the node: a connection to a name that may have several addresses, within one time limit for all of them."""



import socket
import time


class NoConnection(TimeoutError):
    """No address took the connection in time. Kernels take one for the busiest of programs: packets are dropped."""


def connection_to(host, port, seconds):
    """A socket that is connected to the first address that takes it.

    `socket.create_connection` gives each address the whole limit, so a first address that drops packets would leave
    the second one none of the caller's time. Here each gets its share of what is left.

    Raises:
        NoConnection: no address took it in time.
        OSError: the name does not resolve, or the last address refused.
    """
    until = time.monotonic() + seconds
    found = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)
    last = OSError(f"{host} has no address")
    for number, (family, kind, protocol, _, address) in enumerate(found):
        line = None
        try:
            line = socket.socket(family, kind, protocol)
            line.settimeout(max(0.001, (until - time.monotonic()) / (len(found) - number)))
            line.connect(address)
        except OSError as error:
            # Two classes before Python 3.10.
            last = NoConnection(str(error)) if isinstance(error, socket.timeout) else error
            if line is not None:
                line.close()
        else:
            return line
    raise last
'''
Carried.texts['fatecloud.probing.patience'] = r'''"""Runs on the node: how much longer than usual a question may wait, because the node has more work than it can do.

Every time limit of a question goes through here, so that one that is asked once more really waits longer.
"""



import os
import time

VARIABLE = "FATECLOUD_PATIENCE"
"""In the environment of a question that is asked once more, see `collect/again.py`."""


def patient(seconds):
    """A time limit, as it is for this question."""
    return seconds * _factor()


def clock():
    """Seconds on a clock that goes more slowly for such a question: what is left by it is a limit before `patient`."""
    return time.monotonic() / _factor()


def _factor():
    return float(os.environ.get(VARIABLE, "1"))
'''
exec(compile(r'''"""Runs on the node after a start: gives the tree to the account of the service's own file.

The superuser does it: it needs no password that the account had before.
"""



import struct
import sys

from fatecloud.components.zookeeper.protocol import ALL, GONE, Refused, Session, account_in, digest

SYSTEM = "/zookeeper"
"""ZooKeeper's own nodes; everyone may read them."""


def apply(host, port, path, superuser):
    """What went wrong; empty if nothing."""
    account, password = account_in(path)
    try:
        session = Session(host, port)
        try:
            session.login(*account_in(superuser))
            hand_over(session, account, digest(account, password))
        finally:
            session.close()
    except Refused as error:
        return f"its superuser may not change who may use the tree (error {error})"
    except (OSError, ValueError, struct.error) as error:
        return f"ZooKeeper at {host}:{port} does not answer: {error}"
    return ""


def hand_over(session, account, name):
    """Let only the account use the top; below it, give it the rights that it had with another password."""
    wanted = [(ALL, "digest", name)]
    if session.acl("/") != wanted:
        session.set_acl("/", wanted)
    waiting = [f"/{child}" for child in session.children("/")]
    while waiting:
        path = waiting.pop()
        if path == SYSTEM:
            continue
        try:
            before = session.acl(path)
            after = [
                (rights, scheme, name if scheme == "digest" and who.startswith(f"{account}:") else who)
                for rights, scheme, who in before
            ]
            if after != before:
                session.set_acl(path, after)
            waiting += [f"{path}/{child}" for child in session.children(path)]
        except Refused as error:
            if error.args != (GONE,):  # nodes of a session end with it
                raise


if __name__ == "__main__":
    host, port, path, superuser = sys.argv[1:]
    sys.exit(apply(host, int(port), path, superuser) or None)
''', 'fatecloud/components/zookeeper/apply_acl.py', "exec", dont_inherit=True), {"__name__": "__main__"})

