"""FATEBoard 1.11, one jar with all in it."""

from __future__ import annotations

from fatecloud.components.board.descriptor import descriptor
from fatecloud.components.board.want import Program
from fatecloud.components.flow.v1.version_question import PADDING

COMPONENT = descriptor(
    Program(
        # Finds FATEBoard's own main class and its libraries in the jar.
        main="org.springframework.boot.loader.JarLauncher",
        classpath=("fateboard-{version}.jar",),
        flow_script="v1/probe_flow.py",
        flow_padding=PADDING,
        logging="board/v1/logback.xml.j2",
    )
)
