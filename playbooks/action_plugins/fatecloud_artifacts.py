"""Ships the artifacts that a node lacks: small ones in one bundle, big ones one by one, over the connection in use."""

from __future__ import annotations

import fcntl
import hashlib
import os
import tarfile

from ansible import constants
from ansible.plugins.action import ActionBase

BIG = 16 << 20
"""Bytes from which on an artifact is sent alone: a bundle is on both machines twice for a moment."""


def bundle(folder: str, artifacts: list) -> str:
    """Pack artifacts, named as the node's store expects them to arrive; once for all nodes that lack the same ones.

    Args:
        folder: that the processes of all nodes share, as Ansible's own for temporary files is.
    """
    names = sorted(artifact["sha256"] for artifact in artifacts)
    path = os.path.join(folder, f"fatecloud-{hashlib.sha256(' '.join(names).encode()).hexdigest()}.tar")
    with open(path + ".lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(path):
            with tarfile.open(path + ".part", "w") as tar:
                for artifact in artifacts:
                    tar.add(artifact["path"], artifact["sha256"] + ".part", recursive=False)
            os.rename(path + ".part", path)
    return path


class ActionModule(ActionBase):
    """Ships only what is missing."""

    def run(self, tmp: str | None = None, task_vars: dict | None = None) -> dict:
        """Ansible's entry."""
        result = super().run(tmp, task_vars)
        artifacts = {a["sha256"]: dict(a, size=os.path.getsize(a["path"])) for a in self._task.args["artifacts"]}
        arguments = {
            "base": self._task.args["base"],
            "run": self._task.args["run"],
            "artifacts": [{k: a[k] for k in ("sha256", "filename", "size")} for a in artifacts.values()],
            "login": self._login(),
            "big": 0 if self._connection.transport == "local" else BIG,
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
            # Below Ansible's own directory, which is one for all nodes, and which our caller removes even after a kill.
            self._connection.put_file(bundle(constants.DEFAULT_LOCAL_TMP, small), f"{folder}/bundle.tar")
        for artifact in lacking:
            if artifact["size"] >= BIG:
                self._connection.put_file(artifact["path"], f"{folder}/{artifact['sha256']}.part")
