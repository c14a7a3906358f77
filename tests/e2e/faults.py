"""Faults that happen to real clusters: how each is made, how it is repaired, and the one code that must name it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fatecloud.model.accounts import own_name
from fatecloud.model.identity import ServiceId
from fatecloud.sandbox.nodes import Sandbox


@dataclass(frozen=True)
class Site:
    """One party's node, and the names that fatecloud gives to what it put there."""

    sandbox: Sandbox
    cluster: str
    node: str
    party: str
    base: str

    def home(self, component: str) -> str:
        return f"{self.base}/{self.cluster}-{self.party}-{component}"

    def unit(self, component: str) -> str:
        return f"fatecloud-{self.cluster}-{self.party}-{component}.service"

    def as_user(self, component: str) -> str:
        """What begins a command line that a service's user runs."""
        return f"runuser -u {own_name(ServiceId(self.cluster, self.party, component, self.node))} --"

    def pid(self, component: str) -> str:
        return self.shell(f"systemctl show -P MainPID {self.unit(component)}").strip()

    def shell(self, script: str) -> str:
        return self.sandbox.check(self.node, ["sh", "-ec", script], timeout=90)

    def sql(self, statement: str) -> None:
        socket = f"{self.home('mysql')}/run/mysqld.sock"
        self.shell(f'{self.as_user("mysql")} mariadb --no-defaults --socket={socket} <<"END"\n{statement}\nEND')

    @property
    def other(self) -> str:
        """Address of the other party's node."""
        return next(address for name, address in self.sandbox.addresses.items() if name != self.node)

    def broker(self, words: str) -> None:
        self.shell(f"{self.as_user('rabbitmq')} {self.home('rabbitmq')}/bin/rabbitmqctl {words}")


Act = Callable[[Site], object]


@dataclass(frozen=True)
class Fault:
    """A fault on the first party's node."""

    code: str
    make: Act
    repair: Act
    route: str = ""
    """The edge that the finding must name, with its direction and both nodes."""


def _systemctl(verb: str, component: str) -> Act:
    return lambda site: site.shell(f"systemctl {verb} {site.unit(component)}")


def _signal(name: str, component: str) -> Act:
    return lambda site: site.shell(f"kill -{name} {site.pid(component)}")


def _worker(name: str, component: str) -> Act:
    """A signal for the first of the processes that the main one started."""
    return lambda site: site.shell(f"kill -{name} $(pgrep -o -P {site.pid(component)})")


def _killed_again(site: Site) -> None:
    """The proxy ends 8 seconds after each start, as with a configuration that it cannot live with."""
    unit, start = site.unit("nginx"), f"{site.home('nginx')}/bin/start"
    site.shell(
        f"mkdir -p /run/systemd/system/{unit}.d; cd /run/systemd/system/{unit}.d;"
        f" printf '[Service]\\nExecStart=\\nExecStart=/usr/bin/timeout -s KILL 8 {start}\\n' > ends.conf;"
        f" systemctl daemon-reload; systemctl restart {unit}; sleep 10"
    )


def _lives_again(site: Site) -> None:
    unit = site.unit("nginx")
    site.shell(f"rm -r /run/systemd/system/{unit}.d; systemctl daemon-reload; systemctl restart {unit}")


def _objects(component: str) -> Act:
    return lambda site: site.shell(f"{site.as_user(component)} {site.home(component)}/bin/objects")


def _running_with(expression: str) -> Act:
    """The proxy runs with a changed configuration, while the file says the right thing again."""

    def act(site: Site) -> None:
        conf = f"{site.home('nginx')}/conf/nginx.conf"
        site.shell(
            f"cp -p {conf} {conf}.kept; sed -i '{expression}' {conf}; ! cmp -s {conf} {conf}.kept;"
            f" kill -HUP {site.pid('nginx')}; sleep 1; mv {conf}.kept {conf}"
        )

    return act


def _edit(component: str, file: str) -> Act:
    return lambda site: site.shell(
        f"cd {site.home(component)}/conf; cp -p {file} /root/kept; echo '# by hand' >> {file}"
    )


def _undo_edit(component: str, file: str) -> Act:
    return lambda site: site.shell(f"cat /root/kept > {site.home(component)}/conf/{file}; rm /root/kept")


def _start_database(site: Site) -> None:
    socket = f"{site.home('mysql')}/run/mysqld.sock"
    site.shell(f"systemctl start {site.unit('mysql')}; timeout 60 sh -c 'until test -S {socket}; do sleep 0.2; done'")


def _stranger(site: Site) -> None:
    server = "import http.server as h; h.ThreadingHTTPServer(('', 9300), h.SimpleHTTPRequestHandler).serve_forever()"
    site.shell(f"systemctl stop {site.unit('nginx')}")
    site.shell(f'systemd-run --unit=stranger --working-directory=/srv python3 -c "{server}"; sleep 1')
    site.shell(f"systemctl start --no-block {site.unit('nginx')}")


def _reload(site: Site) -> None:
    site.shell(f"kill -HUP {site.pid('nginx')}; sleep 1")


OUT = "9999/{0}@n1 -> 10000/{0}@n2"
IN = "10000/{0}@n2 -> 9999/{0}@n1"


def _closed(code: str, rule: str, route: str) -> Fault:
    """A rule of this node's firewall that concerns the other party's node, `PEER`."""

    def act(verb: str) -> Act:
        chain, _, rest = rule.partition(" ")
        return lambda site: site.shell(f"iptables {verb} {chain} -p tcp {rest.replace('PEER', site.other)}")

    return Fault(code, act("-I"), act("-D"), route)


FAULTS = {
    "broker dropped on the way out": _closed(
        "RABBITMQ_PEER_UNREACHABLE", "OUTPUT -d PEER --dport 5672 -j DROP", OUT.format("rabbitmq")
    ),
    "broker dropped on the way in": _closed(
        "RABBITMQ_PEER_UNREACHABLE", "INPUT -s PEER --dport 5672 -j DROP", IN.format("rabbitmq")
    ),
    "broker refused by a firewall": _closed(
        "RABBITMQ_PEER_REFUSED", "INPUT -s PEER --dport 5672 -j REJECT --reject-with tcp-reset", IN.format("rabbitmq")
    ),
    "broker's endpoint at another port": _closed(
        "RABBITMQ_PEER_NOT_AMQP",
        "OUTPUT -t nat -d PEER --dport 5672 -j DNAT --to-destination PEER:22",
        OUT.format("rabbitmq"),
    ),
    "broker's large packets lost": _closed(
        "RABBITMQ_PEER_SILENT",
        "INPUT -s PEER --sport 5672 -m length --length 400:65535 -j DROP",
        OUT.format("rabbitmq"),
    ),
    "proxy's large packets lost": _closed(
        "NGINX_PEER_MTU", "OUTPUT -d PEER --dport 9300 -m length --length 1200:65535 -j DROP", OUT.format("nginx")
    ),
    "proxy dropped on the way in": _closed(
        "NGINX_PEER_UNREACHABLE", "INPUT -s PEER --dport 9300 -j DROP", IN.format("nginx")
    ),
    "stopped process": Fault("SERVICE_STOPPED", _systemctl("stop", "nginx"), _systemctl("start", "nginx")),
    "stopped database": Fault("SERVICE_STOPPED", _systemctl("stop", "mysql"), _start_database),
    "hung process": Fault("SERVICE_HUNG", _signal("STOP", "flow"), _signal("CONT", "flow")),
    "one worker of several stopped": Fault("SERVICE_CHILD_FROZEN", _worker("STOP", "nginx"), _worker("CONT", "nginx")),
    "process that ends again and again": Fault("SERVICE_RESTARTING", _killed_again, _lives_again),
    "hung database": Fault("SERVICE_HUNG", _signal("STOP", "mysql"), _signal("CONT", "mysql")),
    "wrong database password": Fault(
        "FLOW_DATABASE_AUTH", lambda site: site.sql("ALTER USER fate IDENTIFIED BY 'other';"), _objects("mysql")
    ),
    "another token for the other party": Fault(
        "FLOW_SITE_APPS_WRONG",
        lambda site: site.sql("UPDATE fate_flow.t_app_info SET f_app_token = 'other' WHERE f_app_id = '10000';"),
        _objects("flow"),
    ),
    "full disk": Fault(
        "NODE_DISK_FULL",
        lambda site: site.shell(
            f"logs={site.base}/logs; size=$(($(du -sm $logs | cut -f1) + 8)); cp -a $logs /var/tmp/kept;"
            " mount -t tmpfs -o size=${size}m,mode=755 tmpfs $logs; cp -a /var/tmp/kept/. $logs/; rm -rf /var/tmp/kept;"
            " dd if=/dev/zero of=$logs/fill bs=1M count=$size 2>/dev/null || true"
        ),
        lambda site: site.shell(f"umount {site.base}/logs"),
    ),
    "port taken by a stranger": Fault(
        "PORT_STOLEN",
        _stranger,
        lambda site: site.shell(f"systemctl stop stranger; systemctl restart {site.unit('nginx')}"),
    ),
    "drifted file": Fault("FILE_DRIFTED", _edit("flow", "service_conf.yaml"), _undo_edit("flow", "service_conf.yaml")),
    "secret for all to read": Fault(
        "SECRET_READABLE",
        lambda site: site.shell(f"chmod o+r {site.home('flow')}/conf/service_conf.yaml"),
        lambda site: site.shell(f"chmod o-r {site.home('flow')}/conf/service_conf.yaml"),
    ),
    "missing route": Fault("NGINX_ROUTE_MISSING", _running_with('/"10000" party_10000;/d'), _reload),
    "proxy pointing nowhere": Fault(
        "NGINX_UPSTREAM_DOWN",
        _running_with("s/server 127.0.0.1:[0-9]*;/server 127.0.0.1:9;/"),
        _reload,
    ),
    "broker account without rights": Fault(
        "RABBITMQ_USER_RIGHTS", lambda site: site.broker("set_user_tags fate"), _objects("rabbitmq")
    ),
    "broker's own account lost": Fault(
        "RABBITMQ_MONITOR_MISSING", lambda site: site.broker("delete_user fatecloud"), _objects("rabbitmq")
    ),
    "broker out of memory": Fault(
        "RABBITMQ_ALARM",
        lambda site: site.broker("set_vm_memory_high_watermark 0.00001"),
        lambda site: site.broker("set_vm_memory_high_watermark 0.4"),
    ),
    "not started at boot": Fault("SERVICE_DISABLED", _systemctl("disable", "flow"), _systemctl("enable", "flow")),
    "node unplugged": Fault(
        "NODE_UNREACHABLE",
        lambda site: site.sandbox.disconnect(site.node),
        lambda site: site.sandbox.connect(site.node),
    ),
}

ROUTE_CLOSED = ("RABBITMQ_PEER_UNREACHABLE", "NGINX_PEER_UNREACHABLE")
"""Codes of the faults that preflight finds as well."""

_TOGETHER = (
    ("broker dropped on the way out", "proxy dropped on the way in"),
    ("broker dropped on the way in", "proxy's large packets lost"),
    ("broker refused by a firewall", "broker's endpoint at another port"),
    ("broker's large packets lost", "drifted file"),
    ("not started at boot", "proxy pointing nowhere"),
    ("missing route", "broker account without rights"),
    ("full disk", "secret for all to read", "another token for the other party"),
)
ROUNDS = (*_TOGETHER, *((name,) for name in FAULTS if not any(name in names for names in _TOGETHER)))
"""All faults. Those that do not touch each other are made together, which takes less time."""
