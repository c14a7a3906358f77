"""Brings the artifacts that a node lacks: small ones in one bundle, big ones one by one, over the connection in use."""

from __future__ import annotations

import os
import tarfile
import tempfile

from ansible import constants
from ansible.plugins.action import ActionBase

BIG = 16 << 20
"""Bytes from which on an artifact travels alone: a bundle lies twice on both machines for a moment."""


def bundle(path: str, artifacts: list) -> None:
    """Pack artifacts, named as the node's store expects them to arrive."""
    with tarfile.open(path, "w") as tar:
        for artifact in artifacts:
            tar.add(artifact["path"], artifact["sha256"] + ".part", recursive=False)


class ActionModule(ActionBase):
    """Ships what is missing, and nothing else."""

    def run(self, tmp: str | None = None, task_vars: dict | None = None) -> dict:
        """Ansible's entry."""
        result = super().run(tmp, task_vars)
        artifacts = {a["sha256"]: dict(a, size=os.path.getsize(a["path"])) for a in self._task.args["artifacts"]}
        arguments = {
            "base": self._task.args["base"],
            "run": self._task.args["run"],
            "artifacts": [{k: a[k] for k in ("sha256", "filename", "size")} for a in artifacts.values()],
            "login": self._login(),
        }
        answer = self._execute_module(module_args=dict(arguments, state="missing"), task_vars=task_vars)
        lacking = [artifacts[a["sha256"]] for a in answer.get("missing", ())]
        if answer.get("failed") or not lacking or "incoming" not in answer:
            result.update(answer)
            return result
        if self._connection.transport == "local":
            arguments["sources"] = {a["sha256"]: a["path"] for a in lacking}
        else:
            self._upload(lacking, answer["incoming"])
        result.update(self._execute_module(module_args=dict(arguments, state="stored"), task_vars=task_vars))
        return result

    def _login(self) -> str:
        """The user that the connection logs in as; empty where the answer is the user that the module runs as."""
        if self._connection.transport == "local" or not self._play_context.become:
            return ""
        status = self._low_level_execute_command("id -un", sudoable=False)
        return status["stdout"].strip()

    def _upload(self, lacking: list, folder: str) -> None:
        small = [a for a in lacking if a["size"] < BIG]
        if small:
            # Below Ansible's own, which its caller removes also when this process is killed.
            with tempfile.TemporaryDirectory(dir=constants.DEFAULT_LOCAL_TMP) as scratch:
                path = os.path.join(scratch, "bundle.tar")
                bundle(path, small)
                self._connection.put_file(path, f"{folder}/bundle.tar")
        for artifact in lacking:
            if artifact["size"] >= BIG:
                self._connection.put_file(artifact["path"], f"{folder}/{artifact['sha256']}.part")
