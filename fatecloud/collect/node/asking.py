"""Runs several probes in one interpreter: it starts once, and forks for each of them.

Part of the collector, and also shipped as text for interpreters that have a service's libraries.

Standard input: one JSON object with `questions`, each with `id`, `script`, `arguments` and `timeout` (seconds).
Standard output: a line of JSON when a question has ended (`id`, `exit`, `stdout`, `stderr`, `error`). A start of Python
and the imports that questions share are most of what a question costs a node; one that hangs or crashes still takes
only itself with it.
SIGTERM ends this process and its questions. Who started it never needs their process ids: numbers that another user's
process names never tell root what to signal.
"""

import contextlib
import importlib
import json
import os
import re
import select
import signal
import sys
import time
from typing import Any, Dict, List, NoReturn, Optional

_IMPORT = re.compile(r"^(?:import|from) ([\w.]+)", re.MULTILINE)
_CHUNK = 65536
# A partner's answer is part of it, so its size is not ours to choose.
_MOST = 256 << 10
"""Bytes of a question's output, and of its errors; an answer has some kilobytes, unless others write it."""
LONGEST = 1 << 20
"""Bytes of a line of ours; bytes that are not text take several each."""

_running: List["_Child"] = []


class _Child:
    """One question that is running."""

    def __init__(self, question: Dict[str, Any]) -> None:
        self.id = question["id"]
        self.output: Dict[int, List[bytes]] = {}
        self.until = time.monotonic() + float(question["timeout"])
        self.timeout = float(question["timeout"])
        out, err = os.pipe(), os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            _answer(question, out[1], err[1])
        # Parent and child both set the group, because either of them may run first.
        _lead(self.pid)
        os.close(out[1])
        os.close(err[1])
        self.ends = [out[0], err[0]]
        self.output = {end: [] for end in self.ends}
        self.open = set(self.ends)
        self.room = dict.fromkeys(self.ends, _MOST)
        self.reaped = False

    def read(self, end: int) -> None:
        """Read what is on one of its pipes."""
        data = os.read(end, _CHUNK)
        if data:
            self.output[end].append(data)
            self.room[end] -= len(data)
        else:
            self.open.discard(end)
            os.close(end)

    def ended(self) -> Dict[str, Any]:
        """How it ended, with its output."""
        self.reaped = True  # from here on another process may get its number
        _, status = os.waitpid(self.pid, 0)
        code = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
        said = [b"".join(self.output[end]).decode("utf-8", "replace") for end in self.ends]
        return {"id": self.id, "exit": code, "stdout": said[0], "stderr": said[1], "error": None}

    def error(self) -> Optional[str]:
        """Why it must not go on; None while it may, and when it has ended by itself."""
        if min(self.room.values()) < 0:
            return "it printed more than %d KiB, and was ended" % (_MOST >> 10)
        return "timeout after %g s" % self.timeout if self.open and time.monotonic() >= self.until else None

    def killed(self, error: str) -> Dict[str, Any]:
        """End it and everything that it started."""
        # The leader was not reaped yet, so this number is still its own.
        os.killpg(self.pid, signal.SIGKILL)
        self.reaped = True
        os.waitpid(self.pid, 0)
        for end in self.open:
            os.close(end)
        self.open = set()
        return {"id": self.id, "exit": None, "stdout": "", "stderr": "", "error": error}


def main() -> None:
    """Ask the questions from standard input."""
    serve(json.loads(sys.stdin.read())["questions"])


def serve(questions: List[Dict[str, Any]]) -> None:
    """Ask everything at once, and print each answer when it is there."""
    _preload([question["script"] for question in questions])
    signal.signal(signal.SIGTERM, _end)
    # All at once: most of a question's time is the service's, not the processor's.
    _running.extend(_Child(question) for question in questions)
    while _running:
        _wait(_running)
        for child in list(_running):
            error = child.error()
            if child.open and error is None:
                continue
            _tell(child.ended() if error is None else child.killed(error))
            _running.remove(child)


def _end(*_: Any) -> NoReturn:
    """End the questions that still run, with everything that they started, and this process."""
    for child in _running:
        if not child.reaped:
            os.killpg(child.pid, signal.SIGKILL)
    os._exit(1)


def _wait(children: List[_Child]) -> None:
    """Until one of them prints something, or the next one is late."""
    readers = {end: child for child in children for end in child.open}
    patience = max(0.0, min(child.until for child in children) - time.monotonic())
    for end in select.select(list(readers), [], [], patience)[0]:
        readers[end].read(end)


def _preload(scripts: List[str]) -> None:
    """Import here, once, what more than one of them needs."""
    named = [set(_IMPORT.findall(script)) - {"__future__"} for script in scripts]
    for name in sorted({name for names in named for name in names if sum(name in other for other in named) > 1}):
        try:
            importlib.import_module(name)
        except Exception:  # noqa: BLE001, S112 - who needs it fails with the same words, where they are heard
            continue


def _answer(question: Dict[str, Any], out: int, err: int) -> NoReturn:
    """Be the question's own process, as if its script were this interpreter's input."""
    status = 1
    try:
        _lead(0)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        # Standard input holds the questions of others, with their arguments.
        nothing = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((nothing, 0), (out, 1), (err, 2)):
            os.dup2(source, target)
        os.environ["FATECLOUD_PATIENCE"] = "%g" % question.get("patience", 1)  # see probing/patience.py
        sys.argv = ["-", *question["arguments"]]
        exec(compile(question["script"], "<%s>" % question["id"], "exec"), {"__name__": "__main__"})  # noqa: S102
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException as error:  # noqa: BLE001 - a forked child must not go on as its parent
        sys.stderr.write("%s: %s%s\n" % (type(error).__name__, " ".join(str(error).split()), _place(error)))
    sys.stdout.flush()
    sys.stderr.flush()
    # Without the clean-up of the interpreter: buffers and exit handlers belong to the parent.
    os._exit(status)


def _place(error: BaseException) -> str:
    """Where in the project's files it happened; empty for code of others. An answer has no room for a traceback."""
    place, trace = "", error.__traceback__
    while trace:
        name = trace.tb_frame.f_code.co_filename
        place = " (%s:%d)" % (name, trace.tb_lineno) if name.startswith("fatecloud/") else place
        trace = trace.tb_next
    return place


def _lead(pid: int) -> None:
    """Make a process the leader of a group of its own; parent and child both do, so that it is one in time."""
    with contextlib.suppress(OSError):  # it has ended
        os.setpgid(pid, pid)


def _tell(answer: Dict[str, Any]) -> None:
    line = json.dumps(answer)
    if len(line) >= LONGEST:
        error = "it printed more than %d KiB, and most of that was not text" % (LONGEST >> 10)
        line = json.dumps(dict(answer, exit=None, stdout="", stderr="", error=error))
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
