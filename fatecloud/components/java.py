"""What is the same for every service that runs in a JVM: settings, command line, protections that it cannot bear."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fatecloud.components.residues import RESIDUE_KEYS, residue
from fatecloud.components.sizing import figure
from fatecloud.model.component import ConfigKey
from fatecloud.model.context import Context
from fatecloud.model.machine import Share
from fatecloud.model.needs import HEAP, Figure, Needs
from fatecloud.model.protections import UnitException
from fatecloud.model.residues import Residue
from fatecloud.model.runtime import GC_LOG

MIB = 1 << 20
UNIFIED_LOGGING = 9
"""First feature release with `-Xlog` (JEP 158) in the place of the flags for the log of collections."""
OVERHEAD = 256 * MIB
"""Bytes beside heap and direct memory: classes, compiled code, stacks of 100 threads, the garbage collector's own.
EggRoll's and Serving's JVMs take 110 to 170 MiB more than their heaps."""
LOG_FILES, LOG_MIB = 5, 10
"""Files of the log of collections, and MiB of each: the JVM itself begins the next one."""
JVM_EXCEPTIONS = (
    UnitException("MemoryDenyWriteExecute", "no", "The JVM writes machine code to its memory and runs it."),
)
"""Tried with OpenJDK 17 and 25 under every protection: this is the only one with which they do not start."""


@dataclass(frozen=True, slots=True)
class Flag:
    """A flag that some feature releases do not know: a JVM does not start with one that it does not know."""

    text: str
    since: int = 8
    until: int = 99


@dataclass(frozen=True, slots=True)
class Launch:
    """How a service is started in its JVM: parts of what a component wants."""

    argv: tuple[str, ...]
    environment: Mapping[str, str]
    directories: Mapping[str, int]
    needs: Needs
    residues: tuple[Residue, ...]


@dataclass(frozen=True, slots=True)
class Jvm:
    """How a component uses its JVM, by default. Its settings are `jvm.heap`, `jvm.direct`, ..."""

    heap: Share
    direct: Share
    """Memory outside of the heap, which buffers of the network use. A JVM's own default is as much as its heap."""
    flags: tuple[Flag, ...] = ()

    @property
    def keys(self) -> tuple[ConfigKey, ...]:
        """The settings, for `Component.config`; those of `components/residues.py` are among them."""
        return (
            *RESIDUE_KEYS,
            ConfigKey(
                "jvm.heap", "size", None, "Memory for objects, taken whole at the start.", 16 * MIB, share=self.heap
            ),
            ConfigKey(
                "jvm.direct",
                "size",
                None,
                "Memory outside of the heap, for buffers.",
                16 * MIB,
                share=self.direct,
            ),
            ConfigKey("jvm.stack", "size", MIB, "Stack of a thread.", 256 << 10, 64 * MIB),
            ConfigKey("jvm.gc_log", "bool", default=True, doc="Whether collections are logged, beside its other logs."),
            ConfigKey(
                "jvm.dumps",
                "path",
                None,
                "Directory for what a JVM had in its heap when it ran out of memory; derived: `dumps` below "
                "its logs. As large as the heap.",
            ),
        )

    def launch(
        self,
        ctx: Context,
        main: str,
        classpath: Sequence[str],
        arguments: Sequence[str] = (),
        properties: Mapping[str, str] | None = None,
    ) -> Launch:
        """Command line, environment, directories and needs of a service.

        Args:
            main: its main class.
            classpath: jars, directories, or directories with `/*` for all jars in them; absolute.
            arguments: of the main class.
            properties: more system properties.
        """
        temporary, given = f"{ctx.home}/run/tmp", ctx.config["jvm.dumps"]
        # A directory of the operator's may be for many services: each gets one of its own in it.
        dumps = f"{given}/{ctx.id.slug}" if given else f"{ctx.logs}/dumps"
        known = {
            # Software that keeps things below its home keeps them with the service's data.
            "user.home": ctx.data,
            # Libraries are unpacked there and run from there, which a /tmp that is mounted noexec does not allow.
            "java.io.tmpdir": temporary,
            **(properties or {}),
        }
        flags = (*self._memory(ctx), *self._traces(ctx, dumps), *self._own(ctx))
        run = (*(f"-D{name}={value}" for name, value in known.items()), "-cp", ":".join(classpath), main, *arguments)
        return Launch(
            argv=(ctx.java.program, *flags, *_gc_log(ctx, f"{ctx.logs}/{GC_LOG}"), *run),
            environment={"JAVA_HOME": ctx.java.home, "PATH": f"{ctx.java.home}/bin:/usr/local/bin:/usr/bin:/bin"},
            directories={temporary: 0o700, dumps: 0o700},
            residues=_residues(ctx, "" if given else dumps),
            needs=Needs(
                self._figures(ctx),
                # The same flags, but the log goes to its output: it must not be begun again under a running service.
                java=(ctx.java.program, *flags, *_gc_log(ctx, ""), "-version"),
            ),
        )

    def _figures(self, ctx: Context) -> tuple[Figure, ...]:
        return (
            figure(ctx, HEAP, "jvm.heap", str(self.heap)),
            figure(ctx, "direct memory", "jvm.direct", str(self.direct)),
            Figure("beside both", OVERHEAD, "bytes", "classes, compiled code, stacks, the collector"),
        )

    def _memory(self, ctx: Context) -> tuple[str, ...]:
        heap, direct, stack = (ctx.config[f"jvm.{name}"] for name in ("heap", "direct", "stack"))
        return (f"-Xms{heap}", f"-Xmx{heap}", f"-XX:MaxDirectMemorySize={direct}", f"-Xss{stack}")

    def _traces(self, ctx: Context, dumps: str) -> tuple[str, ...]:
        return (
            # A JVM that has run out of memory goes on half dead, and answers probes; its supervisor starts a new one.
            "-XX:+ExitOnOutOfMemoryError",
            "-XX:+HeapDumpOnOutOfMemoryError",
            f"-XX:HeapDumpPath={dumps}",
            f"-XX:ErrorFile={ctx.logs}/hs_err_pid%p.log",
            # Its figures stay in its memory: their file in /tmp delays collections when the disk is busy.
            "-XX:+PerfDisableSharedMem",
        )

    def _own(self, ctx: Context) -> tuple[str, ...]:
        return tuple(flag.text for flag in self.flags if flag.since <= ctx.java.major <= flag.until)


def _residues(ctx: Context, dumps: str) -> tuple[Residue, ...]:
    """What JVMs leave when they end badly. Dumps in a directory of the operator's (empty here) are the operator's."""
    crashes = residue(ctx, f"{ctx.logs}/hs_err_pid*.log", "reports of JVMs that crashed")
    return (*([residue(ctx, f"{dumps}/*.hprof", "heaps of JVMs that ran out of memory")] if dumps else ()), crashes)


def _gc_log(ctx: Context, path: str) -> tuple[str, ...]:
    """The flags for the log of collections. An empty path: to the JVM's output."""
    if not ctx.config["jvm.gc_log"]:
        return ()
    if ctx.java.major >= UNIFIED_LOGGING:
        target, size = (f"file={path}", f":filecount={LOG_FILES},filesize={LOG_MIB}m") if path else ("stdout", "")
        return (f"-Xlog:gc*:{target}:time,uptime,level,tags{size}",)
    rotated = ("-XX:+UseGCLogFileRotation", f"-XX:NumberOfGCLogFiles={LOG_FILES}", f"-XX:GCLogFileSize={LOG_MIB}M")
    return ("-XX:+PrintGCDetails", "-XX:+PrintGCDateStamps", *((f"-Xloggc:{path}", *rotated) if path else ()))
