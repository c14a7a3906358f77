"""What the quickstart prints at its end can be typed as it stands, by people and by cron."""

import sys
from pathlib import Path

import pytest

from fatecloud.workflow.quickstart import farewell


def test_programs_that_are_not_on_the_path_are_named_in_full(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("fatecloud")
    monkeypatch.setenv("PATH", str(tmp_path))
    lines = farewell(Path("/home/me/fate cloud/inventory.yml"), None).splitlines()
    assert f"{program} status -i '/home/me/fate cloud/inventory.yml'" in lines[1]
    monkeypatch.setenv("PATH", str(program.parent))
    lines = farewell(Path("/home/me/inventory.yml"), Path("/state")).splitlines()
    assert lines[1].endswith("  fatecloud status -i /home/me/inventory.yml --state-dir /state")
    (boot,) = (line.strip() for line in lines if "@reboot" in line)
    assert boot == f"@reboot {program} start -i /home/me/inventory.yml --state-dir /state"
