"""The streams that people read: all text passes a guard, however it gets there; only `exec` goes round it."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING, Any, BinaryIO, TextIO, cast

from fatecloud.plain import guarded, plain

if TYPE_CHECKING:
    from rich.console import Console
    from rich.live import Live


class Guard(io.TextIOBase):
    """A stream that lets no control character through. It has no `buffer`, by which a library could go round it."""

    def __init__(self, stream: TextIO) -> None:
        self.unguarded = stream

    def write(self, text: str) -> int:
        """Write text, made safe."""
        self.unguarded.write(guarded(text))
        return len(text)

    def flush(self) -> None:
        """Pass on what waits."""
        self.unguarded.flush()

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return self.unguarded.isatty()

    def fileno(self) -> int:
        """The descriptor's number."""
        return self.unguarded.fileno()

    def writable(self) -> bool:
        """It is."""
        return True

    def reconfigure(self, **settings: Any) -> None:
        """See io.TextIOWrapper."""
        cast("io.TextIOWrapper", self.unguarded).reconfigure(**settings)

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """Of the stream below."""
        return self.unguarded.encoding

    @property
    def errors(self) -> str | None:  # type: ignore[override]
        """How the stream below handles what it cannot encode."""
        return self.unguarded.errors


def guard_streams() -> None:
    """Put a guard before stdout and stderr."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if isinstance(stream, io.TextIOWrapper):
            setattr(sys, name, Guard(stream))


def bytes_of(stream: TextIO) -> BinaryIO:
    """For bytes that must arrive as they are, in a file or a pipe."""
    return (stream.unguarded if isinstance(stream, Guard) else stream).buffer


class LiveLine:
    """One line on a terminal that is redrawn in place, with something that moves."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live: Live | None = None

    def show(self, text: str) -> None:
        """Show the text, made plain, instead of the one before."""
        from rich.live import Live  # noqa: PLC0415 - keeps --help fast
        from rich.spinner import Spinner  # noqa: PLC0415
        from rich.text import Text  # noqa: PLC0415

        # As `Text`, because a string would be read as markup.
        line = Text(plain(text))
        if self._live is None:
            self._spinner = Spinner("dots", line, style="status.spinner")
            # Not redirected: what others write meanwhile would not pass the guard.
            self._live = Live(
                self._spinner,
                console=self._console,
                refresh_per_second=12.5,
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._live.start()
        self._spinner.update(text=line)

    def remove(self) -> None:
        """Remove the line."""
        if self._live is not None:
            self._live.stop()
            self._live = None


def drawing() -> Console:
    """Rich on stderr: redrawing a line needs sequences that the guard does not pass. Its callers make text plain."""
    from rich.console import Console  # noqa: PLC0415 - keeps --help fast

    below = sys.stderr.unguarded if isinstance(sys.stderr, Guard) else sys.stderr
    return Console(file=below, highlight=False, markup=False, soft_wrap=True)
