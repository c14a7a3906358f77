"""Ships the artifacts that a node lacks: small ones in one bundle, big ones one by one, over the connection in use."""

from __future__ import annotations

import fcntl
import hashlib
import os
import tarfile

from ansible import constants
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

BIG = 16 << 20
"""Bytes from which on an artifact is sent alone: a bundle is on both machines twice for a moment."""


def require_whole(folder: str, artifacts: list) -> None:
    """Compare the bytes that are about to be sent with the release's lock; once for all nodes of a run.

    Args:
        folder: see `bundle`. It gets an empty file for each artifact that was found whole in this state.

    Raises:
        AnsibleActionFail: a file is damaged.
    """
    for artifact in artifacts:
        state = os.stat(artifact["path"])
        seen = f"fatecloud-{artifact['sha256']}-{state.st_ino}-{state.st_size}-{state.st_mtime_ns}.whole"
        note = os.path.join(folder, seen)
        if os.path.exists(note):
            continue
        digest = hashlib.sha256()
        with open(artifact["path"], "rb") as file:
            for chunk in iter(lambda: file.read(1 << 20), b""):
                digest.update(chunk)
        if digest.hexdigest() != artifact["sha256"]:
            raise AnsibleActionFail(f"{artifact['path']} is damaged: run `fatecloud release verify` on the controller")
        open(note, "wb").close()


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
            "parts": self._task.args["parts"],
            "big": 0 if self._connection.transport == "local" else BIG,
        }
        answer = self._execute_module(module_args=dict(arguments, state="missing"), task_vars=task_vars)
        said = {str(a.get("sha256")) for a in answer.get("missing", ()) if isinstance(a, dict)}
        lacking = [artifact for sha256, artifact in artifacts.items() if sha256 in said]
        if answer.get("failed") or not lacking or "incoming" not in answer:
            result.update(answer)
            return result
        # Below Ansible's own directory, which is one for all nodes, and which our caller removes even after a kill.
        require_whole(constants.DEFAULT_LOCAL_TMP, lacking)
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
            self._connection.put_file(bundle(constants.DEFAULT_LOCAL_TMP, small), f"{folder}/bundle.tar")
        for artifact in lacking:
            if artifact["size"] >= BIG:
                self._connection.put_file(artifact["path"], f"{folder}/{artifact['sha256']}.part")
