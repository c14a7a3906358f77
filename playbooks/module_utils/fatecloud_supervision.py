"""The two ways in which a service is run: as a unit of systemd, or as a program of a supervisord of our own."""

from __future__ import annotations

import contextlib
import glob
import os
import signal
import subprocess
import sys
import time

from ansible.module_utils import fatecloud_filters as filters
from ansible.module_utils import fatecloud_strays as strays
from ansible.module_utils.fatecloud_inside import remove_placed, remove_tree
from ansible.module_utils.fatecloud_node import MARK, POLL, Refused, clean_environment, private
from ansible.module_utils.fatecloud_places import STORE, SUPERVISOR
from ansible.module_utils.fatecloud_state_words import PROGRAM, UNIT
from ansible.module_utils.fatecloud_states import DOWN
from ansible.module_utils.fatecloud_trust import directory

SERVICE_MARK = "FATECLOUD_SERVICE"
"""Environment variable of what is meant to live on after the run: the launcher spares it."""


SILENT = 5
"""Seconds after which a supervisord counts as one that does not answer."""
WOKEN = 5
"""Seconds in which a supervisord that was stopped by a signal answers again."""


def call(argv: list, accept: tuple = (0,), timeout: float | None = None, environment: dict | None = None) -> str:
    """Run a program and return its output.

    Args:
        timeout: seconds after which it is ended, and its output is empty; None for no limit.
        environment: further variables for it.

    Raises:
        Refused: its exit status is none of `accept`.
    """
    variables = {**clean_environment(), SERVICE_MARK: "1", **(environment or {})}
    variables.pop(MARK, None)
    try:
        done = subprocess.run(  # noqa: PLW1510
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=variables,
            cwd="/",
            timeout=timeout,
        )
    except subprocess.TimeoutExpired:
        return ""
    text = done.stdout.decode(errors="replace").strip()
    if done.returncode not in accept:
        raise Refused(f"{' '.join(argv[-3:])}: status {done.returncode}: {' | '.join(text.splitlines())[:600]}")
    return text


class Systemd:
    """A service as a unit of the system's manager."""

    def __init__(self, params: dict) -> None:
        self.unit, self.path, self.home = params["unit"], params["unit_path"], params.get("home", "")

    def _show(self) -> dict:
        names = "LoadState,ActiveState,SubState,UnitFileState,NeedDaemonReload"
        text = call(["systemctl", "show", self.unit, "-p", names])
        return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)

    def adopt(self) -> list:
        """Let the manager know the unit as it is on disk, and start it at boot. What was done.

        Raises:
            Refused: see `fatecloud_filters.load`.
        """
        shown = self._show()
        done = self.reread(shown)
        filters.load(call, self.path, self.home)
        if shown.get("UnitFileState") != "enabled":
            call(["systemctl", "enable", "--quiet", self.unit])
            done.append("enable")
        return done

    def reread(self, shown: dict | None = None) -> list:
        """Let the manager know the unit as it is on disk. What was done."""
        shown = shown or self._show()
        if shown.get("NeedDaemonReload") != "yes" and shown.get("LoadState") == "loaded":
            return []
        call(["systemctl", "daemon-reload"])
        # The unit of a process that runs, which was removed and is there again, is busy at the first look.
        if self._show().get("LoadState") == "error":
            call(["systemctl", "daemon-reload"])
        return ["reload"]

    def endangered(self) -> list:
        """Nothing: the manager always watches its units."""
        return []

    def state(self) -> str:
        """`running`, `starting`, `stopping`, `stopped`, `failed` or `absent`."""
        shown = self._show()
        state = UNIT.get(shown.get("ActiveState", ""), "stopped")
        # A unit whose file was removed may leave its process, which the manager still stops.
        return "absent" if shown.get("LoadState") == "not-found" and state in DOWN else state

    def act(self, verb: str) -> None:
        """Start, stop or restart it. A failure to start shows in its state and log, not here."""
        if verb != "stop":
            call(["systemctl", "reset-failed", self.unit], accept=(0, 1))
        call(["systemctl", verb, self.unit], accept=(0,) if verb == "stop" else (0, 1))

    def forget(self) -> None:
        """Disable it; its file is still there."""
        filters.unload(call, self.path)
        if self.state() != "absent":
            call(["systemctl", "disable", "--quiet", self.unit], accept=(0, 1))

    def forgotten(self) -> None:
        """After its file was removed."""
        call(["systemctl", "daemon-reload"])
        call(["systemctl", "reset-failed", self.unit], accept=(0, 1))


def supervisor_of(base: str, recorded: str) -> str:
    """The tree with supervisor's code on a node; empty where there is none.

    Args:
        recorded: where the controller says that it is. If another version is deployed, only the node knows.

    Raises:
        Refused: others could have put programs there.
    """
    found = recorded if recorded and os.path.isdir(recorded) else ""
    if not found:
        there = glob.glob(os.path.join(glob.escape(base), STORE, "tree", "*", "supervisor", "supervisord.py"))
        trees = [os.path.dirname(os.path.dirname(path)) for path in there]
        whole = [tree for tree in trees if os.path.exists(os.path.join(tree, ".complete"))]
        found = max(whole, key=lambda tree: os.stat(os.path.join(tree, ".complete")).st_mtime, default="")
    if found:
        with directory(found):
            pass
    return found


class Supervisor:
    """A service as a program of a supervisord of our own."""

    def __init__(self, params: dict) -> None:
        self.slug = params["slug"]
        self.left = strays.Program(self.slug, params["home"], params["user"])
        self.sweep = f"{self.slug}-sweep"
        self.folder = os.path.join(private(params["base"]), SUPERVISOR)
        self.conf = os.path.join(self.folder, "supervisord.conf")
        self.code = supervisor_of(params["base"], params["supervisor"])

    def _argv(self, program: str, *arguments: str) -> list:
        # The node's own interpreter, the one that runs this: so a node is supervised without any release's Python. It
        # writes no bytecode: what it needs is there, and a tree stays as it was unpacked.
        return [sys.executable, "-s", "-B", "-m", f"supervisor.{program}", "-c", self.conf, *arguments]

    def _call(self, program: str, *arguments: str, accept: tuple = (0,), timeout: float | None = None) -> str:
        return call(self._argv(program, *arguments), accept, timeout, {"PYTHONPATH": self.code})

    def _control(self, *arguments: str, accept: tuple = (0,)) -> str:
        return self._call("supervisorctl", *arguments, accept=accept)

    def alive(self) -> bool:
        """Whether supervisord answers."""
        if not self.code or not os.path.exists(os.path.join(self.folder, "supervisord.sock")):
            return False
        return self._call("supervisorctl", "pid", accept=(0, 1, 2, 3, 4, 7), timeout=SILENT).isdigit()

    def adopt(self) -> list:
        """Run supervisord, and let it know its programs as they are on disk. What was done."""
        done = []
        if not self.code:
            raise Refused("supervisor is not installed on this node; a deploy installs it")
        if not self._awake():
            self._silence()
            # It starts all of its programs at once: none of them may still run without it.
            for program in self._programs():
                self._end_stray(program)
            self._call("supervisord")
            deadline = time.monotonic() + 20
            while not self.alive():
                if time.monotonic() > deadline:
                    raise Refused(f"supervisord does not answer; see {self.folder}/supervisord.log")
                time.sleep(POLL)
            done.append("supervisord")
        elif self._stray():
            self._end_stray(self._program())
            done.append("end")
        news = self._control("reread").splitlines()
        if any(line.startswith(self.slug + ":") for line in news) or self._reported_state() == "absent":
            self._control("update", self.slug)
            done.append("reload")
        if any(line.startswith(self.sweep + ":") for line in news):
            self._control("update", self.sweep)
        return done

    def reread(self) -> list:
        """Nothing: the start script itself is what knows more, and it is read at each start."""
        return []

    def endangered(self) -> list:
        """Names of the programs that `adopt` would end: when supervisord is dead, all that run on the node."""
        if self._awake():
            return [self.slug] if self._stray() else []
        return [program.slug for program in self._programs() if strays.main_process(program)]

    def end(self) -> None:
        """Shut supervisord down."""
        if not self._awake():
            self._silence()
            return
        self._control("shutdown")
        deadline = time.monotonic() + 20
        while self.alive() and time.monotonic() < deadline:
            time.sleep(POLL)

    def state(self) -> str:
        """`running`, `starting`, `stopped`, `failed`, `absent`, `retrying` or `unsupervised`.

        `retrying`: it ended, and supervisord waits before the next attempt. `unsupervised`: it runs, and nothing
        watches it.
        """
        if self._stray():
            return "unsupervised"
        return self._reported_state() if self.alive() else "absent"

    def act(self, verb: str) -> None:
        """Start, stop or restart it. A failure to start shows in its state and log, not here."""
        if verb == "stop" and self._stray():
            if not self._awake():
                self._silence()
            if self._stray():
                self._end_stray(self._program())
        if self.alive():
            self._control(verb, self.slug, accept=(0, 1) if self._reported_state() == "absent" else self._accept(verb))

    def forget(self) -> None:
        """Nothing to do: it follows the configuration."""

    def forgotten(self) -> None:
        """After its configuration was removed."""
        # Without its name, every other program whose configuration changed meanwhile would restart, jobs or not.
        for name in (self.slug, self.sweep) if self.alive() else ():
            if self._reported_state(name) != "absent":
                self._control("update", name)

    @staticmethod
    def _accept(verb: str) -> tuple:
        return (0,) if verb == "stop" else (0, 1, 7)

    def _reported_state(self, name: str = "") -> str:
        """What supervisord says of it, or of another program."""
        words = self._control("status", name or self.slug, accept=(0, 1, 2, 3, 4)).split()
        if len(words) < 2 or "no such" in " ".join(words):  # noqa: PLR2004
            return "absent"
        # It does not say with which status a program exited; one that exited is started like one that was stopped.
        return "stopped" if words[1] == "EXITED" else PROGRAM.get(words[1], "stopped")

    def _programs(self) -> list:
        """All of the node; this service's also where its configuration was removed and left its process."""
        known = strays.programs(self.folder)
        return known if any(program.slug == self.slug for program in known) else [*known, self.left]

    def _program(self) -> object:
        return next(program for program in self._programs() if program.slug == self.slug)

    def _stray(self) -> int | None:
        """The service's process, where it runs and no supervisord that answers has it."""
        pid = strays.main_process(self._program())
        if pid and self.alive() and strays.parent_of(pid) in strays.supervisors(self.conf):
            return None
        return pid

    def _awake(self) -> bool:
        """Whether supervisord answers, also one that was only stopped by a signal."""
        if self.alive():
            return True
        for pid in strays.supervisors(self.conf):
            strays.send(pid, signal.SIGCONT)
        deadline = time.monotonic() + WOKEN
        while strays.supervisors(self.conf) and time.monotonic() < deadline:
            if self.alive():
                return True
            time.sleep(POLL)
        return False

    def _silence(self) -> None:
        """End a supervisord that does not answer, and no service of it: it must not start again what we stop.

        Raises:
            Refused: it cannot be ended.
        """
        for pid in strays.supervisors(self.conf):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            if not strays.gone(pid, strays.PATIENCE):
                raise Refused(f"supervisord (process {pid}) does not answer and cannot be ended")

    def _end_stray(self, program: object) -> None:
        pid = strays.main_process(program)
        if pid and not strays.end(program, pid):
            raise Refused(f"process {pid} of {program.slug} runs without a supervisor and cannot be ended")


def supervised(params: dict) -> object:
    """The service under the supervision that it has.

    Args:
        params: supervision, base, slug, home, unit, unit_path, user, supervisor.
    """
    return (Systemd if params["supervision"] == "systemd" else Supervisor)(params)


def remove(service: object, key: str, home: str, manifest: object) -> list:
    """Take a stopped service's unit, files and home away; data and logs stay. What was removed."""
    service.forget()
    mine = [path for path, entry in manifest.data["files"].items() if entry["service"] == key]
    for path in mine:
        remove_placed(path)
        del manifest.data["files"][path]
    service.forgotten()
    remove_tree(home)
    manifest.data["services"].pop(key, None)
    manifest.data.get("earlier", {}).pop(key, None)
    return mine
