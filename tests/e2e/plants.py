"""What a careless reader would do to a node: how each is done, undone, and seen by the watch."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from faults import Site

_DATABASE = "mariadb --no-defaults --protocol=tcp --host=127.0.0.1 --user=fate"


@dataclass(frozen=True)
class Plant:
    """Something that must not happen."""

    make: Callable[[Site], object]
    seen: str
    """Pattern of the line that reports it."""
    undo: Callable[[Site], object] = lambda _site: None


def _shell(script: str) -> Callable[[Site], object]:
    return lambda site: site.shell(script)


def _http(url: str, account: str = "") -> Callable[[Site], object]:
    """A request whose answer is an error."""
    token = f", headers={{'Authorization': 'Basic ' + base64.b64encode(b'{account}').decode()}}" if account else ""
    program = (
        "import base64, urllib.request as u, urllib.error as e\n"
        f"try: u.urlopen(u.Request('{url}'{token}), timeout=10).read()\nexcept e.HTTPError: pass\n"
    )
    return lambda site: site.sandbox.check(site.node, ["python3", "-c", program])


def _dial(port: int, said: str = "b''") -> Callable[[Site], object]:
    """A caller that says something, mostly nothing, and hangs up."""
    program = (
        "import socket\n"
        f"c = socket.create_connection(('127.0.0.1', {port}), 10)\n"
        f"c.sendall({said})\n"
        "c.shutdown(socket.SHUT_WR)\n"
        "try: c.recv(1000)\n"
        "except ConnectionResetError: pass\n"
    )
    return lambda site: site.sandbox.check(site.node, ["python3", "-c", program])


def _amqp(then: str, password: str = "") -> Callable[[Site], object]:
    """A connection to the broker as flow makes it, with its library and, unless one is given, with its password."""
    program = (
        "import json, pika, sys\n"
        "user = json.load(open(sys.argv[1]))['users'][0]\n"
        "login = pika.PlainCredentials(user['name'], sys.argv[2] or user['password'])\n"
        f"try: {then}\n"
        "except pika.exceptions.AMQPConnectionError: pass\n"
    ).replace("CONNECTED", "pika.BlockingConnection(pika.ConnectionParameters('127.0.0.1', credentials=login))")
    return lambda site: site.sandbox.check(
        site.node,
        [
            *(f"{site.home('flow')}/venv/bin/python", "-c", program),
            *(f"{site.home('rabbitmq')}/conf/definitions.json", password),
        ],
    )


LEFT = {
    "a file": Plant(_shell("echo 1 > /srv/left"), "files: n1: /srv/left: not there", _shell("rm /srv/left")),
    "a file that was there for a moment": Plant(_shell("echo 1 > /opt/left; rm /opt/left"), "files: n1: /opt: "),
    "a change that was taken back": Plant(
        lambda site: site.shell(f"cd {site.home('flow')}/conf; chmod o+r *.conf; chmod o-r *.conf"),
        r"files: n1: .*flow/conf/casbin_model\.conf: ",
    ),
    "a process": Plant(
        _shell("systemd-run --unit=planted-process sleep 600"),
        "processes: n1: .* -> .*sleep 600",
        _shell("systemctl stop planted-process"),
    ),
    "a listener": Plant(
        _shell("systemd-run --unit=planted-listener python3 -m http.server --bind 127.0.0.1 9999; sleep 2"),
        "sockets: n1: tcp 0100007F:9999",
        _shell("systemctl stop planted-listener"),
    ),
    "a row": Plant(
        lambda site: site.sql("create database planted; create table planted.one (a int) select 1 as a;"),
        "rows: n1: planted.one: not there -> 1 rows",
        lambda site: site.sql("drop database planted;"),
    ),
    "a vhost": Plant(
        lambda site: site.broker("add_vhost planted"),
        "broker: n1: vhosts .*planted",
        lambda site: site.broker("delete_vhost planted"),
    ),
    "a queue": Plant(
        lambda site: site.broker(
            r'eval "rabbit_amqqueue:declare({resource, <<\"/\">>, queue, <<\"planted\">>},'
            r' true, false, [], none, <<\"planter\">>)."'
        ),
        "broker: n1: queues there / planted: not there -> 0 messages",
        lambda site: site.broker("delete_queue planted"),
    ),
    "a channel": Plant(_amqp("c = CONNECTED; c.channel(); c.close()"), "trouble: n1: rabbitmq channel_created: "),
    "a wrong login over AMQP": Plant(
        _amqp("CONNECTED", password="wrong"), "trouble: n1: rabbitmq refused logins by amqp"
    ),
    "a wrong database login": Plant(
        _shell(f"! {_DATABASE} --password=wrong -e 'select 1' 2>/dev/null"),
        "trouble: n1: mysql Access_denied_errors: ",
    ),
    "a bare dial of the database": Plant(_dial(3306), "trouble: n1: mysql Aborted_connects: "),
    "a wrong broker login": Plant(
        _http("http://127.0.0.1:15672/api/whoami", "fate:wrong"), "trouble: n1: rabbitmq refused logins by http: "
    ),
}
"""Seen in what is there."""

SAID = {
    "a wrong broker login": Plant(
        _http("http://127.0.0.1:15672/api/whoami", "fate:wrong"), "n1: .*rabbitmq: .*warning.*HTTP access denied"
    ),
    "a bare dial of the broker": Plant(_dial(5672), "n1: .*rabbitmq: .*(warning|error).*"),
    "a bare dial of the database": Plant(_dial(3306), "n1: .*[Aa]borted connection"),
    "a page that the proxy has not": Plant(_http("http://127.0.0.1:9300/nothing"), "n1: fatecloud_nginx_9999: .* 404 "),
    "one that it has not where ours are": Plant(
        _http("http://127.0.0.1:9300/fatecloud/nothing"), "n1: fatecloud_nginx_9999: .*/fatecloud/nothing.* 404 "
    ),
    "no HTTP at all": Plant(_dial(9300, r"b'\x16\x03\n\n'"), 'n1: fatecloud_nginx_9999: .*" 400 '),
    "a question that flow does not know": Plant(
        _http("http://127.0.0.1:9380/v2/nothing"), "n1: (.*flow: .* 404 |stat.log: Traceback)"
    ),
    "a login of an unknown user": Plant(
        _shell("! ssh -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null stranger@127.0.0.1"),
        "n1: sshd: Invalid user stranger",
    ),
    "a refused sudo": Plant(
        lambda site: site.shell(f"! echo wrong | {site.as_user('flow')} sudo -S true 2>/dev/null"), "n1: sudo: "
    ),
}
"""Seen in the logs."""


def unseen(plants: dict[str, Plant], lines: list[str]) -> list[str]:
    """Names of those that no line reports."""
    return [name for name, plant in plants.items() if not any(re.match(plant.seen, line) for line in lines)]
