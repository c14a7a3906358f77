"""The outermost layer of the command line: errors become one clear line and an exit status."""

from __future__ import annotations

import contextlib
import gc
import io
import os
import select
import sys

from fatecloud.errors import FatecloudError, Interrupted, InventoryError, UsageError
from fatecloud.plain import plain_lines
from fatecloud.report.commands import commands_of, set_commands, typed
from fatecloud.report.screen import guard_streams

BROKEN_PIPE_STATUS = 141
"""What a shell reports for a program that SIGPIPE ended: a verb whose reader closed the pipe early must not exit 0."""
UNFORESEEN_STATUS = 70
"""EX_SOFTWARE of sysexits.h: a defect of fatecloud itself, which must not look like warnings or a failed deploy."""
CLICK_USAGE_STATUS = 2
GARBAGE = 100_000
"""New objects after which Python collects garbage. Modules that a verb loads are not garbage, and searching them (after
700 new objects, Python's default, and once more at the end) took a fifth of the processor time of a check of a node
that refuses the connection."""


def main() -> None:
    """Run the program and exit with the status that docs/reference/exit-status.md lists."""
    gc.set_threshold(GARBAGE)
    _prepare_streams()
    # An empty or relative entry is the working directory, where anyone may have put an `ssh`.
    os.environ["PATH"] = ":".join(entry for entry in os.get_exec_path() if entry.startswith("/"))
    if "_FATECLOUD_COMPLETE" in os.environ:
        from fatecloud.cli.complete import main as complete  # noqa: PLC0415 - only for a shell that asks at TAB

        complete()
    try:
        from fatecloud.cli.verbs import app, commands  # noqa: PLC0415 - so that Ctrl-C while all this loads ends in a line

        set_commands(commands_of(sys.argv[0], commands))
        status = app(standalone_mode=False)
        sys.stdout.flush()
        if status == Interrupted.exit_status:  # Typer turns Ctrl-C into this status
            status = _interrupted()
    except FatecloudError as error:
        status = _print_error(error)
    except KeyboardInterrupt:
        status = _interrupted()
    except (SystemExit, Exception) as error:  # noqa: BLE001 - no traceback ever reaches a user
        # Typer ends with SystemExit on every broken pipe, that of our output or another one.
        cause = error.__context__ if isinstance(error, SystemExit) else error
        status = BROKEN_PIPE_STATUS if _is_reader_gone(1) else _unforeseen(cause or error)
    for number, stream in ((1, sys.stdout), (2, sys.stderr)):
        try:
            stream.flush()
        except OSError:  # the reader is gone or the disk is full: the interpreter would raise it again at its end
            os.dup2(os.open(os.devnull, os.O_WRONLY), number)
    gc.freeze()
    sys.exit(status if isinstance(status, int) else 0)


def _prepare_streams() -> None:
    """Open closed streams, or a file would get their number; replace characters that a terminal cannot show."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one
            setattr(sys, name, open(number, "r" if number == 0 else "w", encoding="utf-8"))  # noqa: PTH123, SIM115
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    guard_streams()


def _is_reader_gone(number: int) -> bool:
    poll = select.poll()
    poll.register(number, 0)
    return any(flags & (select.POLLERR | select.POLLHUP) for _, flags in poll.poll(0))


def _say(text: str) -> None:
    with contextlib.suppress(OSError):  # stderr is closed: no one can read the message
        sys.stderr.write(f"{plain_lines(text)}\n")


def _interrupted() -> int:
    _say("fatecloud: interrupted")
    return Interrupted.exit_status


def _print_error(error: FatecloudError) -> int:
    # A problem of an inventory begins with file:line:column, which editors and terminals turn into a link.
    if isinstance(error, InventoryError):
        _say(typed(error.message))
    else:  # what a node says may have several lines, which must not look like lines of ours
        _say(typed("fatecloud: " + error.message.replace("\n", "\n  ")))
    if error.remedy:
        _say(typed(f"  next: {error.remedy}"))
    return error.exit_status


def _unforeseen(error: BaseException) -> int:
    if hasattr(error, "show") and hasattr(error, "exit_code"):  # Click's own usage errors
        with contextlib.suppress(OSError):
            error.show()
        return UsageError.exit_status if error.exit_code == CLICK_USAGE_STATUS else int(error.exit_code)
    if type(error).__name__ == "Abort":  # Typer's, at a question: Ctrl-C, or the end of the input
        if isinstance(error.__context__, KeyboardInterrupt):
            return _interrupted()
        _say("fatecloud: nothing was done")
        return 1
    if os.environ.get("FATECLOUD_DEBUG"):
        import traceback  # noqa: PLC0415 - only for a defect

        traceback.print_exception(error)
    if isinstance(error, OSError) and error.strerror:  # a problem of this machine: a full disk, a missing permission
        _say(f"fatecloud: {f'{error.filename}: ' if error.filename else ''}{error.strerror}")
        return 1
    _say(f"fatecloud: this is a defect of fatecloud: {type(error).__name__}: {error}")
    _say("  next: run again with FATECLOUD_DEBUG=1 and report what it prints")
    return UNFORESEEN_STATUS
