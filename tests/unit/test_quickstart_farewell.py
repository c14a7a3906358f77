"""What the quickstart prints at its end: each line can be typed as printed, and it fits the machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import pytest
from check_world import ENGINE, the_desired

from fatecloud.cli.verbs import commands
from fatecloud.errors import UsageError
from fatecloud.inventory.starter import Answers, starter_text
from fatecloud.model.desired import Desired
from fatecloud.model.event import Event
from fatecloud.model.service import PortUse
from fatecloud.report.commands import Commands, commands_of, link_program, set_commands, typed
from fatecloud.workflow import farewell, quickstart

INVENTORY, STORE = Path("/home/me/fate cloud/inventory.yml"), Path("/home/me/store")


@pytest.fixture(autouse=True)
def program(tmp_path: Path) -> Iterator[Path]:
    script = tmp_path / "venv" / "bin" / "fatecloud"
    script.parent.mkdir(parents=True)
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    yield script
    set_commands(Commands())


def desired_under(supervision: Any) -> Desired:
    desired = the_desired()
    nodes = {name: replace(node, supervision=supervision) for name, node in desired.cluster.nodes.items()}
    engine = replace(desired.services[ENGINE], ports=(PortUse("http", 9380, "0.0.0.0"), PortUse("grpc", 9360, "x")))  # noqa: S104
    return replace(
        desired, cluster=replace(desired.cluster, nodes=nodes), services={**desired.services, ENGINE: engine}
    )


def said(monkeypatch: pytest.MonkeyPatch, program: Path, *, cron: bool, systemd: bool, supervision: str) -> list[str]:
    folder = program.parents[2] / "path"
    folder.mkdir(exist_ok=True)
    if cron:
        (folder / "crontab").write_text("#!/bin/sh\n")
        (folder / "crontab").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(farewell, "SYSTEMD", folder if systemd else folder / "none")
    set_commands(replace(commands_of(str(program), commands), inventory=INVENTORY))
    return typed(farewell.farewell(desired_under(supervision), INVENTORY, Path("/state"), STORE)).splitlines()


def test_programs_that_are_not_on_the_path_are_named_in_full(monkeypatch: pytest.MonkeyPatch, program: Path) -> None:
    lines = said(monkeypatch, program, cron=True, systemd=False, supervision="supervisor")
    named = f"-i '{INVENTORY}' --state-dir /state"
    assert lines[1].endswith(f"{program} status {named}")
    for verb in ("check", "stop", "start"):
        assert any(line.endswith(f"{program} {verb} {named}") for line in lines), verb
    for test in ("toy", "lr"):
        command = f"{program} test -i '{INVENTORY}' {test} --state-dir /state"
        assert any(line.endswith(command) for line in lines), test
    assert any("its API" in line and line.endswith(f"http://127.0.0.1:9380/v2 ({ENGINE})") for line in lines)
    (boot,) = (line.strip() for line in lines if "@reboot" in line)
    assert boot == f"@reboot {program} start {named}"
    assert any(f"{program} destroy -i '{INVENTORY}' --remove-data --state-dir /state" in line for line in lines)
    assert any("the store /home/me/store (2 GB)" in line for line in lines)


def test_cron_is_named_only_where_there_is_one(monkeypatch: pytest.MonkeyPatch, program: Path) -> None:
    text = "\n".join(said(monkeypatch, program, cron=False, systemd=True, supervision="supervisor"))
    assert "crontab" not in text
    assert "@reboot" not in text
    assert "there is no cron here" in text
    assert f"{program} quickstart --systemd" in text


def test_under_systemd_nothing_has_to_be_done_for_a_reboot(monkeypatch: pytest.MonkeyPatch, program: Path) -> None:
    text = "\n".join(said(monkeypatch, program, cron=True, systemd=True, supervision="systemd"))
    assert "it starts by itself" in text
    assert "crontab" not in text


def test_a_way_to_type_the_program_is_left(monkeypatch: pytest.MonkeyPatch, program: Path, tmp_path: Path) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", f"{tmp_path}/.local/bin")
    set_commands(commands_of(str(program), commands))
    link = link_program()
    assert link == tmp_path / ".local" / "bin" / "fatecloud"
    assert link.resolve() == program
    assert typed("fatecloud check") == "fatecloud check"
    assert link_program() is None, "an existing file is not replaced"


@pytest.mark.parametrize(("status", "ends_well"), [(0, True), (1, True), (2, False), (3, False)])
def test_a_quickstart_that_ends_with_a_warning_says_how_to_go_on_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, status: int, *, ends_well: bool
) -> None:
    session, report = type("S", (), {"desired": the_desired()}), type("R", (), {"exit_status": status})
    for name, value in {"load_session": session, "check": report, "deploy_cluster": 0, "_fetch": None}.items():
        monkeypatch.setattr(quickstart, name, lambda *_, value=value, **__: value)
    monkeypatch.setattr(quickstart, "link_program", lambda: None)
    ui = Listening()
    folder: Any = tmp_path.joinpath
    options: dict[str, Any] = {
        "confirm": None,
        "store": folder("store"),
        "state_dir": None,
        "systemd": False,
        "argv": (),
    }
    assert quickstart.quickstart_here(folder("q"), ui, Listening, **options) == status  # type: ignore[arg-type]
    assert any("FATE runs." in text for text in ui.texts) is ends_well
    assert any("6 GB of disk" in text for text in ui.texts)


def test_systemd_takes_root_and_a_node_with_systemd(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ui = Listening()
    monkeypatch.setattr(quickstart, "SYSTEMD", tmp_path)
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(UsageError, match="needs root") as caught:
        quickstart._check_systemd(ui, wanted=True)
    assert caught.value.remedy == "sudo fatecloud quickstart --systemd"
    monkeypatch.setattr("os.geteuid", lambda: 0)
    quickstart._check_systemd(ui, wanted=True)
    assert ui.texts == []
    quickstart._check_systemd(ui, wanted=False)
    assert "`--systemd`" in ui.texts[0]
    monkeypatch.setattr(quickstart, "SYSTEMD", tmp_path / "none")
    with pytest.raises(UsageError, match="does not run on this machine"):
        quickstart._check_systemd(ui, wanted=True)


def test_a_starter_can_become_root_on_this_machine() -> None:
    text = starter_text("all-in-one", Answers("local", base="/opt/fate", become="root"))
    assert "  here: {address: local, become: root}" in text
    assert "paths: {base: /opt/fate}" in text


class Listening:
    def __init__(self) -> None:
        self.texts: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __call__(self, event: Event) -> None:
        self.texts.append(event.text)

    def say(self, text: str) -> None:
        self.texts.append(text)

    def plan(self, plan: object) -> None:
        raise AssertionError(plan)

    def report(self, report: object) -> None:
        pass
