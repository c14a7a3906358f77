"""Two groups of Serving with servers that are really asked, by the scripts that nodes would run."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest
from component_world import GOLDEN
from model_servers import OldServer, Server, running
from typer.testing import CliRunner
from web_fakes import closed_port

from fatecloud.artifacts.index import canonical
from fatecloud.artifacts.trained.archive import write_archive
from fatecloud.artifacts.trained.content import content_of, files_of
from fatecloud.artifacts.trained.listing import Listing, listed
from fatecloud.cli.verbs import app
from fatecloud.components.serving_server import sample
from fatecloud.components.serving_server.carried import namespace
from fatecloud.components.serving_server.model_files import NOTE
from fatecloud.components.serving_server.pipeline import judge
from fatecloud.errors import FatecloudError
from fatecloud.model.desired import DesiredService
from fatecloud.model.trained import ModelPart, Needs, roles_in
from fatecloud.probing.grpc.wire import field as encoded
from fatecloud.signing.keys import SigningKey
from fatecloud.signing.sshsig import MODEL, signed
from fatecloud.vault.signing_keys import signing_key
from fatecloud.workflow import model_export, model_holders, model_import
from fatecloud.workflow.secrets import SecretsFiles, init_secrets, open_vault

GUEST, HOST = "9999", "10000"
PARTIES = {"guest": GUEST, "host": HOST}
ID = sample.model_id(GUEST, HOST)
VERSION, LATER = "202001010000000000001", "202001020000000000002"
KEYS = {role: f"{role}/serving-server@{role[0]}1" for role in PARTIES}


def part(role: str, version: str = VERSION) -> ModelPart:
    return ModelPart(ID, version, role, PARTIES[role])


def content(role: str, version: str = VERSION) -> bytes:
    """The sample's part of a role, as a model of this version."""
    files = files_of(canonical(json.loads(sample.model(role, GUEST, HOST))), role)
    pipeline = files["pipeline.pipeline:Pipeline"] + encoded(5, ID) + encoded(6, version)
    return content_of({**files, "pipeline.pipeline:Pipeline": pipeline})


def listing(version: str = VERSION, service: str = "lr", roles: tuple[str, ...] = ("guest", "host")) -> Listing:
    contents = {role: content(role, version) for role in roles}
    parts = []
    for role, text in contents.items():
        files = files_of(text, role)
        parts.append(listed(part(role, version), text, files, judge(part(role, version), files)))
    return Listing(
        model=ID,
        version=version,
        service=service,
        roles=roles_in(ID),
        parts=tuple(parts),
        release="serving-2.1.6",
        origin="serving-server 2.1.6",
        needs=Needs("serving-server", "2.1"),
    )


def archive(target: Path, key: SigningKey, made: Listing | None = None) -> Path:
    """An archive of the sample, signed."""
    made = made or listing()
    contents = {one.part: content(one.part.role, made.version) for one in made.parts}
    write_archive(target, made, contents, lambda octets: signed(octets, MODEL, key))
    return target


@dataclass
class World:
    """The operator's directory, and the servers by role."""

    place: Path
    key: SigningKey
    servers: dict[str, Server]
    ran: list[tuple[str, ...]] = field(default_factory=list)
    """Commands on nodes: argv."""
    absent: set[str] = field(default_factory=set)
    """Keys of services that are not deployed."""
    lease: Any = field(default_factory=MagicMock)
    """The run that holds the nodes."""

    def run(self, *words: str) -> Any:
        return CliRunner().invoke(app, ["model", *words], standalone_mode=False, env={"COLUMNS": "200"})

    def said(self, *words: str) -> str:
        done = self.run(*words)
        assert done.exception is None, done.exception
        return str(done.stdout)

    def refused(self, *words: str) -> FatecloudError:
        before = self.state()
        done = self.run(*words)
        assert isinstance(done.exception, FatecloudError), (done.exception, done.output)
        assert self.state() == before, "nothing was changed"
        return done.exception

    def state(self) -> Any:
        """All that an import could change."""
        files = {str(path): path.read_bytes() for path in self.place.glob("nodes/**/*") if path.is_file()}
        return files, {role: (dict(s.loaded), dict(s.bound)) for role, s in self.servers.items()}

    def put(self, role: str, version: str = VERSION, service: str = "") -> None:
        """Let a server have a model."""
        server, name = self.servers[role], (version, namespace(part(role, version)))
        server.file(name).write_bytes(content(role, version))
        server.loaded[name] = {"role": role, "partId": PARTIES[role]}
        if service:
            server.bound[service] = name

    def versions(self, role: str) -> list[str]:
        return sorted(table for table, _ in self.servers[role].loaded)

    def note(self) -> Any:
        """What the guest's server has noted of what service ids led to before."""
        return json.loads((self.servers["guest"].data / NOTE).read_text())

    def leads_to(self, service: str = "lr") -> str:
        return self.servers["guest"].bound[service][0]


@contextmanager
def world(place: Path, patch: pytest.MonkeyPatch, example: str = "serving-pair") -> Iterator[World]:
    """The groups of an example; its nodes are directories of this machine."""
    patch.chdir(place)
    patch.setenv("XDG_STATE_HOME", str(place / "state"))
    shutil.copy(GOLDEN / f"{example}.yml", "inventory.yml")
    files = SecretsFiles(place / "inventory.yml")
    init_secrets(files)
    key = signing_key(open_vault(files).read())
    assert key
    old = example == "serving-1"
    servers: dict[str, Server] = {
        role: (OldServer if old else Server)(place / "nodes" / role / "data") for role in PARTIES
    }
    found = World(place, key, servers)
    with running(*servers.values()):
        _patched(patch, found)
        yield found


def _patched(patch: pytest.MonkeyPatch, found: World) -> None:
    services = model_holders._services

    def here(service: DesiredService) -> DesiredService:
        if service.id.component != "serving-server":
            return service
        server = found.servers[service.id.owner]
        specs = service.specs
        if isinstance(server, OldServer):
            server.flow = server.flow or f"127.0.0.1:{closed_port()}"
            specs = tuple(
                replace(spec, values={**spec.values, "flow": server.flow}) if "flow" in spec.values else spec
                for spec in specs
            )
        facts = {**service.facts, "own": f"127.0.0.1:{server.port}"}
        return replace(service, facts=facts, data=str(server.data), specs=specs)

    def run(argv: tuple[str, ...], stdin: bytes, seconds: float) -> bytes:
        found.ran.append(argv)
        mine = (sys.executable, *argv[1:]) if argv[0].endswith("python3") else argv
        done = subprocess.run(mine, input=stdin, capture_output=True, timeout=seconds, check=False)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    patch.setattr(
        model_holders, "_services", lambda desired, owners: [(here(s), party) for s, party in services(desired, owners)]
    )
    patch.setattr("fatecloud.workflow.service_commands.ServiceCommands.of", lambda *_: run)
    patch.setattr(model_export, "require_deployed", lambda _session, keys, _deadline: set(keys) - found.absent)
    patch.setattr(model_import, "_deployed", lambda _session, targets, *_: list(targets))
    patch.setattr("fatecloud.workflow.changing.recorded", lambda *_: nullcontext(found.lease))
    patch.setattr("fatecloud.workflow.model_doing.EVERY", 0.01)
    patch.setattr("fatecloud.workflow.model_doing.PATIENCE", 0.5)
