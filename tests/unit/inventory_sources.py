"""Good inventories that mutations start from: the shipped examples, and one that says everything there is to say."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud import catalogue
from fatecloud.components.registry import all_components
from fatecloud.inventory.kinds import Kind
from fatecloud.inventory.schema import inventory_section
from fatecloud.inventory.sections import Named, Section
from fatecloud.shipped import folder

FULL = """\
# Everything that an inventory can say: 机构甲, Zürich.
apiVersion: fatecloud/v1
cluster: full
id: c3f9a2b1d4e5f607
release: fate-2.2.0
architecture: rabbitmq
defaults:
  ssh:
    user: ops
    port: 2222
    key: ~/.ssh/机构 甲
    agent: false
    password: {secret: nodes.ssh}
    jump: gate@bastion.example:2022
  become: root
  become_password: prompt
  service_user: app
  service_group: apps
  service_user_trusted: false
  supervision: systemd
  packages: repos
  paths: {base: /data/projects/fate, data: /data/all, logs: /srv/fate/logs, backup: /srv/fate/backup}
  bind: 0.0.0.0
  check: {user: monitor, key: ~/.ssh/monitor}
  packet_filter: nftables
  dump_days: 30
  memory: 64GiB
  cores: 16
  java: any
  python: /usr/bin/python3
nodes:
  a1: {address: 10.0.0.11}
  a2:
    address: "fd00::12"
    connection: ssh
    advertise: "fd00::1:12"
    ssh: {user: "BANK\\\\ops", port: 22, key: keys/a2, agent: true, password: prompt, jump: "[fd00::1]:22"}
    become: root
    become_password: {secret: nodes.sudo}
    service_user: fate
    service_group: fate
    service_user_trusted: true
    supervision: supervisor
    packages: preinstalled
    paths: {base: /opt/fate, data: /opt/fate-data, logs: /var/log/fate, backup: /opt/fate-backup}
    bind: "::"
    check: {user: watcher, key: keys/watcher}
    packet_filter: none
    dump_days: 1
    memory: 8GiB
    cores: 4
    java: imported
    python: /opt/python/bin/python3.8
  here: {address: local, advertise: 10.0.0.13}
parties:
  "9999":
    public: {proxy: "fate.us.example:9300", broker: "203.0.113.7:5672"}
    addresses: [203.0.113.7, "fd00:1::/64"]
    services: {flow: a1, mysql: a1, rabbitmq: [a2], nginx: here}
    config:
      flow:
        bind: 10.0.0.11
        computing: {cores: 16}
        jobs: {cores: 2, partitions: 4, timeout: 3600}
        log_level: 10
        database: {connections: 50}
        broker: {message_size: 2MiB}
        authentication: {client: true, site: true}
        residues: {days: 7, size: 2GiB}
        ports: {http: 19380, grpc: 19360}
      mysql: {bind: 10.0.0.11, max_connections: 200, buffer_pool: 1G, ports: {mysql: 13306}}
      nginx: {timeout: 60, access_log: no, body_limit: 8M, ports: {http: 19300, outbound: 19301}}
      rabbitmq: {bind: "::", disk_free_limit: 512M, ports: {amqp: 5671, management: 15671, dist: 25671, epmd: 4369}}
  "10000":
    services:
      flow: a2
      mysql: {group: shared}
      nginx: {node: a2, config: {timeout: 61}}
    config: {nginx: {access_log: true}}
groups:
  shared:
    release: fate-2.2.0
    services: {mysql: a1}
    config:
      mysql: {bind: 10.0.0.11, max_connections: 200, buffer_pool: 1G, ports: {mysql: 13307}}
  serving:
    release: serving-2.1.7
    services:
      redis: a1
      zookeeper: [a1, {node: here, config: {id: 7}}]
    config:
      redis: {bind: 10.0.0.11, memory: 512M, eviction: noeviction, ports: {redis: 16379}}
      zookeeper:
        bind: 10.0.0.11
        id: 3
        connections: 100
        acl: false
        jvm: {heap: 512M, direct: 128M, stack: 512K, gc_log: false, dumps: /srv/dumps}
        residues: {days: 3, size: 1GiB}
        ports: {client: 12181, quorum: 12888, election: 13888}
peers:
  "8888":
    proxy: "fate.partner.example:9300"
    broker: "[fd00::7]:5672"
    addresses: 198.51.100.0/24
    apps:
      "9999": {id: "12345678", token: {secret: partner.9999}}
      "10000": {id: "87654321", token: {secret: partner.10000}}
  "7777":
    proxy: "198.51.100.7:443"
    broker: "198.51.100.7:5672"
    addresses: [198.51.100.7]
    key: SHA256:8PHcFZ6r3REFXNmo3p4Fxaip+tzBycJWFlLdbRLHv7Y
    former_key: SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU until 2027-02-28
    apps: {"9999": {id: "9999", token: {secret: other.9999}}, "10000": {id: "10000", token: {secret: other.10000}}}
"""
ROLLING = """\
# All settings of the components of the architecture eggroll.
apiVersion: fatecloud/v1
cluster: rolling
id: c3f9a2b1d4e5f608
release: fate-2.2.0
architecture: eggroll
defaults: {ssh: {user: ops}, become: root}
nodes:
  a1: {address: 10.0.0.11}
  w1: {address: 10.0.0.21}
  w2: {address: 10.0.0.22, bind: 10.0.0.22}
parties:
  "9999":
    addresses: [10.0.0.11, 10.0.0.21, 10.0.0.22]
    services:
      flow: a1
      mysql: a1
      clustermanager: a1
      osx: a1
      board: a1
      nodemanager: [w1, {node: w2, config: {eggs: 8, cores: 16}}]
    config:
      clustermanager:
        session: {eggs: 2, start: 60, hours: 24}
        jvm: {heap: 512M, direct: 128M, stack: 512K, gc_log: false, dumps: /srv/dumps}
        residues: {days: 3, size: 1GiB}
        ports: {grpc: 14670}
      nodemanager:
        eggs: 2
        cores: 4
        jvm: {heap: 512M, direct: 128M, stack: 512K, gc_log: false, dumps: /srv/dumps}
        residues: {days: 3, size: 1GiB, sessions: 200}
        ports: {grpc: 14671}
      osx:
        exchange: hub
        jvm: {heap: 512M, direct: 512M, stack: 512K, gc_log: false, dumps: /srv/dumps}
        residues: {days: 3, size: 1GiB}
        ports: {grpc: 19370}
      board:
        bind: 10.0.0.11
        account: operator
        session: {hours: 2}
        jvm: {heap: 512M, direct: 128M, stack: 512K, gc_log: false, dumps: /srv/dumps}
        residues: {days: 3, size: 1GiB}
        ports: {http: 18080}
groups:
  hub:
    release: fate-2.2.0
    public: {proxy: "hub.example:19370"}
    services: {osx: w1}
    config:
      osx:
        jvm: {heap: 512M, direct: 512M, stack: 512K, gc_log: false, dumps: /srv/dumps}
        residues: {days: 3, size: 1GiB}
        ports: {grpc: 19370}
peers:
  "10000": {proxy: "fate.partner.example:9370", addresses: 198.51.100.0/24}
"""
"""An inventory has one architecture, so this one says what `FULL` cannot."""
OLDER = """\
# All settings of what only releases of FATE 1 have.
apiVersion: fatecloud/v1
cluster: older
id: c3f9a2b1d4e5f609
release: fate-1.11.4
architecture: eggroll
defaults: {ssh: {user: ops}, become: root}
nodes:
  a1: {address: 10.0.0.11}
parties:
  "9999":
    release: fate-1.11.4
    addresses: [10.0.0.11]
    services: {flow: a1, rollsite: a1, redis: {group: serving}, zookeeper: {group: serving}}
    config:
      rollsite:
        keepalive: 60
        calls: 500
        jvm: {heap: 512M, direct: 512M, stack: 512K, gc_log: false, dumps: /srv/dumps}
        residues: {days: 3, size: 1GiB}
        ports: {grpc: 19370, secure: 19371}
        tls: {certificate: /etc/pki/fate/own.crt, key: /etc/pki/fate/own.key, ca: /etc/pki/fate/ca.crt}
groups:
  serving:
    release: serving-2.1.7
    services: {redis: a1, zookeeper: a1}
peers:
  "10000": {proxy: "fate.partner.example:9370", addresses: 198.51.100.0/24, fate: 1.9.2}
"""
"""The parties of the others are of releases that have none of this."""
OLDEST = """\
# All settings of what only FATE 1.4 has.
apiVersion: fatecloud/v1
cluster: oldest
id: c3f9a2b1d4e5f60b
release: fate-1.4.5
architecture: eggroll
defaults: {ssh: {user: ops}, become: root}
nodes:
  a1: {address: 10.0.0.11}
parties:
  "9999":
    addresses: [10.0.0.11]
    services: {flow: a1, rollsite: a1, nodemanager: a1}
    config:
      rollsite: {pool: 1200}
      nodemanager: {master: {heap: 512M}}
peers:
  "10000": {proxy: "fate.partner.example:9370", addresses: 198.51.100.0/24}
"""
SERVING = """\
# All settings of FATE-Serving, of a group without a party.
apiVersion: fatecloud/v1
cluster: online
id: c3f9a2b1d4e5f60a
defaults: {ssh: {user: ops}, become: root}
nodes:
  s1: {address: 10.0.0.31}
  s2: {address: 10.0.0.32}
groups:
  online:
    release: serving-2.1.7
    public: {serving: "serving.example:18869"}
    services:
      zookeeper: s1
      redis: s1
      serving-server: [s1, {node: s2, config: {queue: 50}}]
      serving-proxy: s1
      serving-admin: s1
    config:
      serving-server:
        features:
          source: class
          class: com.bank.Features
          batch_class: com.bank.ManyFeatures
          addresses: [10.0.0.61, 10.0.7.0/24]
        flow: "10.0.0.41:9380"
        cache: {results: false, seconds: 60}
        batch: {most: 100}
        queue: 200
        jvm: {heap: 512M, direct: 128M, stack: 512K, gc_log: false, dumps: /srv/dumps}
        residues: {days: 3, size: 1GiB}
        ports: {grpc: 18000, http: 18185}
      serving-proxy:
        party: 9999
        bind: 10.0.0.31
        timeout: 2000
        threads: 50
        queue: 20
        shadow: {service: credit, features: '{"x0": 0.5}', remote: '{"id": "7"}', score: 0.25, tolerance: 0.001}
        jvm: {heap: 512M, direct: 128M, stack: 512K, gc_log: false, dumps: /srv/dumps}
        residues: {days: 3, size: 1GiB}
        ports: {http: 18059, intra: 18879, inter: 18869}
        tls: {certificate: /etc/pki/fate/proxy.crt, key: /etc/pki/fate/proxy.key, ca: /etc/pki/fate/ca.crt}
      serving-admin:
        bind: 10.0.0.31
        account: operator
        session: {seconds: 600}
        jvm: {heap: 512M, direct: 128M, stack: 512K, gc_log: false, dumps: /srv/dumps}
        residues: {days: 3, size: 1GiB}
        ports: {http: 18350}
peers:
  "10000": {serving: "serving.partner.example:8869", addresses: 198.51.100.0/24}
"""
"""A peer of parties needs none of its endpoint."""
SERVED_BY_URL = SERVING.replace(
    SERVING.partition("features:\n")[2].partition("        flow:")[0],
    '          source: http\n          url: "http://10.0.0.51:8080/features"\n',
)
EXAMPLES = tuple(path.read_text(encoding="utf-8") for path in sorted(folder("inventories").glob("*.yml")))
SOURCES = (*EXAMPLES, OLDER, OLDEST, ROLLING, FULL, SERVING, SERVED_BY_URL)


def every_key() -> set[str]:
    """The dotted path of every key of an inventory; names of the operator's choice are `*`.

    A party is of a release with architectures. What no such release has it takes from a group, which also sets it up.
    """
    releases = [catalogue.load(name) for name in catalogue.names()]
    offered = {name for release in releases if release.architectures for name in release.components}
    refused = {"groups.*.config.osx.exchange"}  # an exchange sends to each party itself
    apart = {name: all_components()[name] for release in releases for name in release.apart}
    refused |= {f"parties.*.services.{name}" for name in apart}
    refused |= {f"parties.*.public.{port.public}" for one in apart.values() for port in one.ports if port.public}
    lent = tuple(f"parties.*.config.{name}" for name in all_components() if name not in offered)
    return {
        key for key in _keys(inventory_section(all_components()), "") if not key.startswith(lent) and key not in refused
    }


def _keys(kind: Kind, path: str) -> Iterator[str]:
    if isinstance(kind, Named):
        yield from _keys(kind.kind, f"{path}*.")
    elif isinstance(kind, Section):
        for name, field in kind.fields.items():
            yield f"{path}{name}"
            yield from _keys(field.kind, f"{path}{name}.")
