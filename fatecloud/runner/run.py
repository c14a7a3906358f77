"""Runs a playbook of a rendered project. The only importer of ansible_runner."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from ansible_runner import Runner, RunnerConfig

from fatecloud.errors import RunError
from fatecloud.model.event import Listener
from fatecloud.runner import launcher
from fatecloud.runner.events import Translator
from fatecloud.runner.outcome import Outcome, Status
from fatecloud.runner.scratch import POLL, one_shot, scratch_in, sockets_in

# What ssh, and Ansible's own look for a home, need. Proxy variables would lead to nodes through the operator's proxy.
_PASSED_ON = ("PATH", "HOME", "USER", "LOGNAME", "SSH_AUTH_SOCK", "TZ")
# Output comes by events. A file of it would keep what redaction takes out.
_SETTINGS = {"suppress_output_file": True, "suppress_ansible_output": True, "pexpect_timeout": 1}


def _ansible_playbook() -> str:
    """The program that was installed with fatecloud, never another one from PATH."""
    program = Path(sys.executable).parent / "ansible-playbook"
    if not program.exists():
        raise RunError(f"{program} is missing: ansible-core was not installed together with fatecloud")
    return str(program)


def _environment(project: Path, scratch: Path, sockets: Path, given: Mapping[str, str]) -> dict[str, str]:
    """A clean environment: no variables of the operator's own Ansible, no proxies, no tokens.

    Args:
        given: the environment that ansible-runner made; only what drives its event stream is kept.
    """
    kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    runner = {
        name: value
        for name, value in given.items()
        if name.startswith(("AWX_ISOLATED", "RUNNER_"))
        or name in ("ANSIBLE_CALLBACK_PLUGINS", "ANSIBLE_STDOUT_CALLBACK")
    }
    # The runner appends its callback directory to what the operator's own variable says.
    # An operator's own callback plugin would run in our play and see its secrets.
    runner["ANSIBLE_CALLBACK_PLUGINS"] = given["ANSIBLE_CALLBACK_PLUGINS"].rpartition(":")[2]
    return (
        kept
        | runner
        | {
            "LANG": "C.UTF-8",
            "LC_ALL": "C.UTF-8",
            "ANSIBLE_CONFIG": str(project / "ansible.cfg"),
            "ANSIBLE_HOME": str(scratch / "ansible"),
            "ANSIBLE_LOCAL_TEMP": str(scratch / "ansible" / "tmp"),
            "ANSIBLE_SSH_CONTROL_PATH_DIR": str(sockets),
            "ANSIBLE_HOST_KEY_CHECKING": "True",
            "ANSIBLE_RETRY_FILES_ENABLED": "False",
            "ANSIBLE_FORCE_COLOR": "False",
            "ANSIBLE_NOCOLOR": "True",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
    )


@contextlib.contextmanager
def _stopping(stop_file: Path, cancel: threading.Event, timeout: float | None) -> Iterator[list[Status]]:
    """Tell the launcher to end when `cancel` is set or the time is over; the list then says which."""
    over = threading.Event()
    why: list[Status] = []

    def watch() -> None:
        deadline = time.monotonic() + timeout if timeout else None
        while not over.is_set():
            if cancel.wait(POLL):
                why.append("canceled")
            elif deadline and time.monotonic() > deadline:
                why.append("timeout")
            # The launcher looks for this file. A signal to it could reach a process that has its number by now.
            if why:
                stop_file.touch(mode=0o600)
                return

    thread = threading.Thread(target=watch, name="stop-ansible", daemon=True)
    thread.start()
    try:
        yield why
    finally:
        over.set()
        thread.join()


def _status(said: str, translator: Translator) -> Status:
    """Ansible's own status counts only when no node failed: a play that ended early has status 0."""
    # `any_errors_fatal` ends a play early, and Ansible counts that as its end.
    return "successful" if said == "successful" and not translator.failed and not translator.unreachable else "failed"


def run_playbook(
    project: Path,
    playbook: str,
    *,
    limit: Sequence[str] = (),
    extra_vars_file: Path | None = None,
    vault_password: str,
    on_event: Listener,
    cancel: threading.Event,
    artifacts_dir: Path,
    redact: Callable[[str], str],
    forks: int | None = None,
    timeout: float | None = None,
    check: bool = False,
) -> Outcome:
    """Run one playbook to its end.

    Nothing that it starts outlives this call or this process, services on a local node excepted.

    Args:
        project: what `render.project.write_project` wrote.
        playbook: name of a playbook in it.
        limit: node names; empty for all.
        extra_vars_file: YAML or JSON without secrets.
        vault_password: goes through a one-shot pipe.
        on_event: called from this thread for every event, redacted.
        cancel: ends the run within seconds when set.
        artifacts_dir: made 0700; afterwards it holds the runner's record of command and status.
        redact: applied to every text that leaves this function.
        forks: nodes in parallel; None for the project's own setting.
        timeout: seconds; None for no limit.
        check: Ansible's check mode: change nothing.

    Raises:
        RunError: Ansible is not installed, or there is no room for its temporary files and sockets.
    """
    translator = Translator(on_event, redact)
    artifacts_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with scratch_in(artifacts_dir) as scratch, sockets_in(artifacts_dir) as sockets:
        # The password of the vault must be in no argument and no file, so Ansible gets it by a pipe that one reader can
        # read once.
        stop_file, pipe = scratch / "stop", scratch / "vault"
        arguments = [_ansible_playbook(), "--vault-password-file", str(pipe), playbook]
        arguments += ["--limit", ",".join(limit)] if limit else []
        arguments += ["--forks", str(forks)] if forks else []
        arguments += ["--extra-vars", f"@{extra_vars_file}"] if extra_vars_file else []
        arguments += ["--check"] if check else []
        (scratch / "env").mkdir(mode=0o700)
        (scratch / "env" / "settings").write_text(json.dumps(_SETTINGS))
        config = RunnerConfig(
            private_data_dir=str(scratch),
            project_dir=str(project),
            artifact_dir=str(artifacts_dir),
            ident=f"{playbook.removesuffix('.yml')}-{time.time_ns()}",
            # The launcher, which ends with us and takes along all that ansible-playbook starts: Ansible's workers leave
            # its session, so that killing the process group is not enough.
            binary=sys.executable,
            cmdline=shlex.join(["-I", launcher.__file__, str(stop_file), *arguments]),
            rotate_artifacts=50,
            # It would write the environment to disk, for no reader.
            suppress_env_files=True,
        )
        config.prepare()
        config.env = _environment(project, scratch, sockets, config.env)
        runner = Runner(config, event_handler=translator)
        with one_shot(pipe, vault_password + "\n"), _stopping(stop_file, cancel, timeout) as why:
            status, rc = runner.run()
    return Outcome(
        status=why[0] if why else _status(status, translator),
        rc=int(rc if rc is not None else 1),
        failed=tuple(translator.failed),
        unreachable=dict(translator.unreachable),
        changed=dict(translator.changed),
        output="\n".join(translator.output),
    )
