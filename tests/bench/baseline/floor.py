"""The floor under `check` and `status`: the same collector on the same nodes, and nothing else.

One thread and one connection per node, the same SSH library loaded in the same way, one exec each, as short as it can
be written. Reads the list of execs from the file that is its only argument: `host`, `port`, `user`, `key`,
`known_hosts`, `command` and `stdin` of each. Ends with status 1 when a node did not answer.
"""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path
from typing import Any

from fatecloud.transport.library import paramiko


def ask(node: dict[str, Any], answers: list[bytes]) -> None:
    """Run one exec and keep what it printed."""
    client = paramiko.SSHClient()
    client.load_host_keys(node["known_hosts"])
    client.connect(
        node["host"], node["port"], node["user"], key_filename=node["key"], allow_agent=False, look_for_keys=False
    )
    stdin, stdout, _ = client.exec_command(node["command"])
    stdin.write(node["stdin"].encode("latin-1"))
    stdin.channel.shutdown_write()
    answers.append(stdout.read())
    client.close()


def main() -> int:
    """Ask all nodes at once; the exit status."""
    nodes = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    answers: list[bytes] = []
    threads = [threading.Thread(target=ask, args=(node, answers)) for node in nodes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    complete = sum(b'{"version"' in answer for answer in answers)
    sys.stdout.write(f"{complete} of {len(nodes)} answered, {sum(map(len, answers))} bytes\n")
    return 0 if complete == len(nodes) else 1


if __name__ == "__main__":
    sys.exit(main())
