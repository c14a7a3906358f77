"""Reads the files of a service below `files/<node>/`, fills the secrets in, and sends them all in one archive.

The values come from the variable `fatecloud_secrets` and exist in memory only: the archive is a `no_log` argument of
the module and travels with it through the connection's pipe.
"""

from __future__ import annotations

import base64
import importlib.util
import io
import tarfile
from pathlib import Path

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

_PROJECT = Path(__file__).resolve().parents[1]


def _placeholders() -> object:
    """The shared code for placeholders: Ansible gives module_utils to modules only, not to action plugins."""
    spec = importlib.util.spec_from_file_location(
        "fatecloud_placeholders", _PROJECT / "module_utils" / "fatecloud_placeholders.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    tar.addfile(member, io.BytesIO(data))


def pack(files: list, folder: Path, secrets: dict) -> str:
    """Base64 of a tar of the filled files, named by their position; `<position>.text` is one without its secrets."""
    placeholders = _placeholders()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for number, file in enumerate(files):
            text = (folder / file["path"].lstrip("/")).read_text(encoding="utf-8")
            _add(tar, str(number), placeholders.fill(text, secrets).encode())
            if placeholders.names(text):
                _add(tar, f"{number}.text", text.encode())
    return base64.b64encode(buffer.getvalue()).decode()


class ActionModule(ActionBase):
    """Adds `archive`."""

    def run(self, tmp: str | None = None, task_vars: dict | None = None) -> dict:
        """Ansible's entry."""
        result = super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        try:
            folder = _PROJECT / "files" / task_vars["inventory_hostname"]
            secrets = {name: str(value) for name, value in task_vars.get("fatecloud_secrets", {}).items()}
            arguments["archive"] = pack(arguments["files"], folder, secrets)
        except (OSError, KeyError) as error:
            raise AnsibleActionFail(f"{arguments.get('service')}: {error}") from error
        result.update(self._execute_module(module_args=arguments, task_vars=task_vars))
        return result
