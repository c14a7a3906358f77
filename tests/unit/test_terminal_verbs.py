"""Every verb on narrow terminals, without colour, in other locales, in pipes, with closed and full streams."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from artifact_world import NAME, filled, seemingly_full
from sampling import pairs, sample
from terminals import Program, Shown, Surroundings
from typer.main import get_group

from fatecloud.cli.verbs import app
from fatecloud.report.wrap import columns_of
from fatecloud.workflow.secrets import SecretsFiles, init_secrets

FAR = """\
# Two parties whose nodes do not answer: 机构甲, Zürich.
apiVersion: fatecloud/v1
cluster: far
id: c3f9a2b1d4e5f607
release: fate-2.2.0
architecture: rabbitmq
defaults: {ssh: {user: ops, agent: false}}
nodes:
  a1: {address: 127.0.0.1, advertise: 192.0.2.11, ssh: {port: 1}}
  b1: {address: 127.0.0.1, advertise: 192.0.2.21, ssh: {port: 2, key: 机构甲/密钥}}
parties:
  "9999": {services: {flow: a1}}
  "10000": {services: {flow: b1}}
"""
HERE = """\
apiVersion: fatecloud/v1
cluster: here
id: d3f9a2b1d4e5f607
release: fate-2.2.0
architecture: standalone
defaults: {paths: {base: BASE}}
nodes:
  here: {address: local}
parties:
  "9999": {}
"""


@dataclass(frozen=True, slots=True)
class Scene:
    """A verb at work."""

    words: str
    status: int = 0
    shows: str = ""
    """What must be among its words, however they are laid out; characters outside ASCII may come as `?`."""
    laid: bool = False
    """Whether it lays its text out for the width, commands that are there to be copied excepted."""
    answers: str = "n\n"


SCENES: dict[str, Scene] = {
    "quickstart": Scene("quickstart --directory q --store store", 6, "2 problems must be solved first"),
    "init": Scene("init -o NEW --template two-party", 0, "inventory.secrets.yml: 12 secrets generated"),
    "plan": Scene("plan -i far.yml --store store", 6, "fatecloud deploy would stop with exit status 6"),
    "preflight": Scene("preflight -i far.yml --store store", 2, "NODE_UNREACHABLE", laid=True),
    "deploy": Scene("deploy -i far.yml --store store", 6, "2 problems must be solved first"),
    "check": Scene("check -i far.yml --facts facts.json", 2, "NODE_UNREACHABLE", laid=True),
    "diagnose": Scene("diagnose 机构甲 -i far.yml", 78, "机构甲: No such file"),
    "status": Scene("status -i far.yml", 3, "a1: not read:", laid=True),
    "logs": Scene("logs flow -i far.yml", 3, "a1"),
    "start": Scene("start -i far.yml --owner 1", 64, "no party or group '1' in this inventory"),
    "stop": Scene("stop -i far.yml", 1, "cannot be reached"),
    "restart": Scene("restart -i far.yml", 1, "cannot be reached"),
    "safe-to-stop": Scene("safe-to-stop a1 -i far.yml", 3, "not known whether it is safe to stop"),
    "mute add": Scene("mute add 机构甲 -i far.yml --reason 机构甲 --until 3d", 64, "there is no finding 机构甲 now"),
    "job list": Scene("job list -i far.yml", 3, "not found out: 9999/flow@a1 was not asked", laid=True),
    "job show": Scene("job show 202611251945082516240 -i far.yml", 64, "no party here knows job"),
    "job why": Scene("job why -i far.yml", 3, "not found out: 10000/flow@b1 was not asked", laid=True),
    "job metrics": Scene("job metrics 202611251945082516240 -i far.yml", 64, "no party here knows job"),
    "job summary": Scene("job summary 7 -i far.yml", 64, "invalid job id"),
    "job stop": Scene("job stop 7 -i far.yml", 64, "invalid job id"),
    "job clean": Scene("job clean 7 -i far.yml", 64, "invalid job id"),
    "model export": Scene("model export --service-id lr -i far.yml -o NEW", 1, "cannot be reached"),
    "model import": Scene("model import 机构甲.txt -i far.yml", 1, "refused (no archive of a model)"),
    "model back": Scene("model back 机构甲 -i far.yml", 64, "no service here has models with service ids"),
    "session list": Scene("session list -i far.yml", 64, "no service here has sessions"),
    "session kill": Scene("session kill 机构甲 -i far.yml", 64, "no service here has sessions"),
    "serving models": Scene("serving models -i far.yml", 64, "no service here answers requests with models"),
    "serving predict": Scene("serving predict lr --guest-features 机构甲 -i far.yml", 78, "机构甲: No such file"),
    "serving publish": Scene("serving publish 7 lr -i far.yml", 64, "invalid job id"),
    "serving bind": Scene("serving bind lr 7 -i far.yml", 64, "no service here answers requests with models"),
    "serving unpublish": Scene("serving unpublish lr -i far.yml", 64, "no service here answers requests with models"),
    "serving cache": Scene("serving cache -i far.yml", 64, "no service here answers requests with models"),
    "serving smoke": Scene("serving smoke -i far.yml", 64, "invalid smoke test 'predict'"),
    "mute list": Scene("mute list -i far.yml", 0, "nothing is muted"),
    "mute remove": Scene("mute remove 机构甲 -i far.yml", 64, "机构甲 is not muted"),
    "destroy": Scene("destroy -i far.yml", 1, "cannot be reached"),
    "exec": Scene("exec -i far.yml 9999/flow -- id", 3, "cannot be reached"),
    "runs list": Scene("runs list -i far.yml", 0),
    "runs show": Scene("runs show -i far.yml 机构甲", 64, "no record of run 机构甲"),
    "runs log": Scene("runs log -i far.yml 机构甲", 64, "no record of run 机构甲"),
    "clusters": Scene("clusters", 0),
    "render": Scene("render -i far.yml --store store -o NEW", 0, "ansible-playbook site.yml"),
    "completion": Scene("completion bash", 0, "complete -F"),
    "version": Scene("version", 0, "ansible-core"),
    "help": Scene("help status", 0, "Usage: fatecloud status"),
    "explain": Scene("explain --list", 0, "SERVICE_STOPPED critical The service is not running.", laid=True),
    "test": Scene("test lr -i far.yml", 1, "cannot be reached"),
    "inventory validate": Scene("inventory validate -i far.yml", 0, "valid: cluster far"),
    "inventory show": Scene("inventory show --full -i far.yml", 0, "机构甲/密钥"),
    "inventory forget": Scene("inventory forget 机构甲 -i far.yml", 64, "机构甲 is not a node that left the inventory"),
    "inventory schema": Scene("inventory schema", 0, "urn:fatecloud:inventory:v1"),
    "objects show": Scene("objects show -i far.yml", 0, "9999/mysql@a1: database fate_flow for 9999/flow@a1"),
    "open": Scene("open flow -i far.yml", 64, "none of these services has a page"),
    "route show": Scene("route show -i far.yml", 0, "9999/nginx@a1: router of party 9999", laid=True),
    "route lint": Scene("route lint -i far.yml", 0, "no flaw in the routes of 4 routers"),
    "route undo": Scene("route undo -i far.yml", 64, "no earlier table of routes is kept of these services"),
    "route explain": Scene("route explain --from 9999 --to 7 -i far.yml", 1, "does not arrive (no route)", laid=True),
    "route test": Scene("route test -i far.yml", 3, "a1 was not read: ", laid=True),
    "secrets init": Scene("secrets init -i far.yml", 0, "0 secrets generated"),
    "secrets list": Scene("secrets list -i far.yml", 0, "9999.flow.admin generated 32", laid=True),
    "secrets reveal": Scene("secrets reveal -i far.yml no.such", 64, "unknown secret"),
    "secrets rotate": Scene("secrets rotate -i far.yml 9999.flow.admin", 0, "in rotation: 9999.flow.admin"),
    "key show": Scene("key show -i far.yml", 0, "public key ssh-ed25519", laid=True),
    "key rotate": Scene("key rotate -i far.yml --keep-until 2027-02-28", 0, "until 2027-02-28"),
    "release list": Scene("release list --store store", 0, f"{NAME} in the store FATE 2.2.0", laid=True),
    "release show": Scene(f"release show {NAME} --store store", 0, "architectures: standalone", laid=True),
    "release fetch": Scene(f"release fetch {NAME} --store store", 0, "complete in the store"),
    "release import": Scene("release import 机构甲.txt --store store", 1, "机构甲.txt"),
    "release verify": Scene("release verify --store small", 0, "1 file matches its hash"),
    "release bundle": Scene(f"release bundle {NAME} --store store -o NEW", 1, "expected SHA-256"),
    "sandbox up": Scene("sandbox up --name far", 1, "the Docker Engine does not answer"),
    "sandbox list": Scene("sandbox list", 1, "the Docker Engine does not answer"),
    "sandbox down": Scene("sandbox down --name far", 1, "the Docker Engine does not answer"),
}
ON_TERMINALS: dict[str, Scene] = {
    "status here": Scene("status -i here.yml", 1, "9999", laid=True),
    "plan here": Scene("plan -i here.yml --store store", 0, "actions on 1 node"),
    "check here": Scene("check -i here.yml", 2, "MANIFEST_ABSENT here nothing is deployed here", laid=True),
    "logs here": Scene("logs flow -i here.yml", 3, "nothing is deployed here next:"),
    "start here": Scene("start -i here.yml", 3, "nothing is deployed here next:"),
    "stop here": Scene("stop -i here.yml", 3, "nothing is deployed here next:"),
    "restart here": Scene("restart -i here.yml --yes", 3, "nothing is deployed here next:"),
    "test here": Scene("test toy -i here.yml", 3, "nothing is deployed here next:"),
    "destroy here": Scene("destroy -i here.yml", 0, "nothing is deployed here, so there is nothing to remove"),
    "explain one": Scene("explain SERVICE_STOPPED", 0, "# SERVICE_STOPPED"),
    "bad inventory": Scene("inventory validate -i bad.yml", 78, "unknown key '机构甲'"),
    "no such verb": Scene("nosuch", 64, "No such command 'nosuch'"),
}
COLOURED = {"check", "check here", "preflight", "plan"}
"""Scenes that say how bad it is by a colour, where that is welcome."""
HELP = 44
"""Columns of a narrow help: Click leaves a meaning ten of them beside names of thirty at most."""
CHINESE = {"LANG": "zh_CN.UTF-8", "LC_ALL": "zh_CN.UTF-8"}
ASCII = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
PLAIN = {"LANG": "C", "NO_COLOR": "1"}
OLD = {"LANG": "zh_CN.GB18030", "PYTHONIOENCODING": "gb18030", "TERM": "dumb"}
TERMINALS = {
    "narrow, Chinese": Surroundings(CHINESE, columns=40),
    "narrow, ASCII": Surroundings(ASCII, columns=40),
    "narrow, plain": Surroundings(PLAIN, columns=40),
    "wide, GB18030": Surroundings(OLD, columns=200, encoding="gb18030"),
}
PIPES = {
    "head": Surroundings(stdout="head"),
    "no input": Surroundings(stdin="closed"),
    "closed": Surroundings(stdin="closed", stdout="closed"),
    "full": Surroundings(stdout="/dev/full"),
}


def leaves(group: Any, path: tuple[str, ...] = ()) -> Iterator[str]:
    for name in group.commands:
        command = group.get_command(None, name)
        if hasattr(command, "commands"):
            yield from leaves(command, (*path, name))
        else:
            yield " ".join((*path, name))


VERBS = tuple(leaves(get_group(app)))


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    home = tmp_path_factory.mktemp("home")
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "TERM": "xterm-256color",
        "XDG_STATE_HOME": str(home / "state"),
        "XDG_DATA_HOME": str(home / "share"),
        "DOCKER_HOST": f"unix://{home}/absent.sock",
    }


@pytest.fixture(scope="module")
def locales(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Chinese locale, which a machine may not have: without it that would be the C locale by another name."""
    directory = tmp_path_factory.mktemp("locales")
    subprocess.run(
        ["localedef", "-i", "zh_CN", "-f", "UTF-8", directory / "zh_CN.UTF-8"], check=True, capture_output=True
    )
    ask = "import locale, sys; print(locale.setlocale(locale.LC_CTYPE, ''), sys.flags.utf8_mode)"
    said = subprocess.check_output([sys.executable, "-c", ask], env=CHINESE | {"LOCPATH": str(directory)}, text=True)
    assert said == "zh_CN.UTF-8 0\n"
    return directory


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with all that the scenes name."""
    place = tmp_path_factory.mktemp("world") / "集群 é"
    (place / "q").mkdir(parents=True)
    (place / "far.yml").write_text(FAR, encoding="utf-8")
    (place / "here.yml").write_text(HERE.replace("BASE", str(place.parent / "base")))
    (place / "bad.yml").write_text(FAR.replace("cluster: far", "机构甲: far"), encoding="utf-8")
    (place / "q" / "inventory.yml").write_text(FAR, encoding="utf-8")
    (place / "机构甲.txt").write_text("no artifact")
    for inventory in ("far.yml", "here.yml", "q/inventory.yml"):
        init_secrets(SecretsFiles(place / inventory))
    seemingly_full(place / "store")
    filled(place / "small")
    return place


@pytest.fixture(scope="module")
def facts(place: Path, environment: dict[str, str]) -> None:
    saving = Program(Surroundings(), environment)
    saving.run(("check", "-i", "far.yml", "--save-facts", "facts.json"), place)
    saving.close()
    assert (place / "facts.json").is_file()


@pytest.fixture(scope="module")
def program(environment: dict[str, str], locales: Path, facts: None) -> Iterator[Callable[[str], Program]]:
    """The program in surroundings of this name, which is started once in each."""
    started: dict[str, Program] = {}

    def one(name: str) -> Program:
        if name not in started:
            started[name] = Program((TERMINALS | PIPES)[name], environment | {"LOCPATH": str(locales)})
        return started[name]

    yield one
    for program in started.values():
        program.close()


def play(program: Program, scene: Scene, place: Path, tmp_path: Path) -> Shown:
    words = [str(tmp_path / "new") if word == "NEW" else word for word in scene.words.split()]
    shown = program.run(words, place, scene.answers)
    assert "Traceback" not in shown.text, shown.text
    assert "fatecloud: this is a defect" not in shown.text, shown.text
    assert "Exception ignored" not in shown.text, shown.text
    return shown


def letters(text: str) -> str:
    """A text without its layout."""
    return "".join(re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text).split())


def too_wide(text: str, columns: int) -> list[str]:
    """Lines that go over the edge although they could be broken, commands and messages of errors excepted."""
    lines = re.sub(r"\x1b\[[0-9;?]*m", "", text).splitlines()
    wide = (line for line in lines if columns_of(line) > columns and len(line.split()) > 1)
    return [line for line in wide if not re.match(r" *(do|more|next:|fatecloud:|as root:) |\[ *\d+ s\]| {14}", line)]


def test_every_verb_has_a_scene() -> None:
    assert set(SCENES) == set(VERBS)


@pytest.mark.parametrize(("name", "terminal"), pairs("terminals", [*SCENES, *ON_TERMINALS], [*TERMINALS]))
def test_on_a_terminal(
    program: Callable[[str], Program], place: Path, tmp_path: Path, name: str, terminal: str
) -> None:
    scene, where = (SCENES | ON_TERMINALS)[name], TERMINALS[terminal]
    shown = play(program(terminal), scene, place, tmp_path)
    assert shown.status == scene.status, shown.out
    # What the program wrote itself has a mark for each character; an argument has one for each byte, as Python read it.
    as_bytes = scene.shows.encode().decode("ascii", "surrogateescape").encode("ascii", "replace").decode()
    wanted = {scene.shows, scene.shows.encode("ascii", "replace").decode(), as_bytes}
    assert any(letters(text) in letters(shown.out) for text in wanted), shown.out
    if "NO_COLOR" in where.environment or where.environment.get("TERM") == "dumb":
        assert "\x1b" not in shown.out
    elif name in COLOURED:
        assert re.search(r"\x1b\[3[0-7]", shown.out)
    if scene.laid:
        assert too_wide(shown.out, where.columns) == []


@pytest.mark.parametrize(("name", "pipe"), pairs("pipes", [*SCENES], [*PIPES]))
def test_in_pipes_and_with_streams_that_do_not_work(
    program: Callable[[str], Program], place: Path, tmp_path: Path, name: str, pipe: str
) -> None:
    scene, where = SCENES[name], PIPES[pipe].stdout
    shown = play(program(pipe), scene, place, tmp_path)
    assert "\x1b" not in shown.text
    allowed = {"head": {scene.status, 141}, "/dev/full": {scene.status, 1}}.get(where, {scene.status})
    assert shown.status in allowed, shown.text
    if where == "pipe":
        assert letters(scene.shows) in letters(shown.text)
    else:
        assert len(shown.out.splitlines()) <= 1
    if where == "/dev/full" and shown.status != scene.status:
        assert "No space left on device" in shown.err


def test_help_keeps_to_the_width(program: Callable[[str], Program], tmp_path: Path) -> None:
    for verb in ("", *sample("help of verbs", VERBS, 15)):
        shown = play(program("narrow, plain"), Scene(f"{verb} --help"), tmp_path, tmp_path)
        assert shown.status == 0
        assert f"Usage:fatecloud{letters(verb)}[OPTIONS]" in letters(shown.out)
        assert too_wide(shown.out, HELP) == []
