"""FATEBoard 2, with its libraries beside its jar."""

from __future__ import annotations

from fatecloud.components.board.descriptor import descriptor
from fatecloud.components.board.want import Program
from fatecloud.components.flow.v2.task_question import PADDING

COMPONENT = descriptor(
    Program(
        main="org.fedai.fate.board.bootstrap.Bootstrap",
        classpath=("lib/*", "fateboard-{version}.jar"),
        flow_script="v2/probe_flow.py",
        flow_padding=PADDING,
        asks_for_party=True,
    )
)
