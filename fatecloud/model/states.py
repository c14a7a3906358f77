"""The states of a service on its node, as the collector and Ansible's modules report them. Shared with the modules.

Pure, and Python 3.8. `absent`: its supervisor does not know it. `retrying`: it ended, and supervisord waits before the
next attempt. `unsupervised`: it runs, and nothing watches it.
"""

from __future__ import annotations

from collections.abc import Mapping

UP = ("running", "starting")
"""It works, or is about to."""
DOWN = ("absent", "stopped", "failed")
"""It has no process, and gets none by itself."""
AT_REST = (*DOWN, "retrying")
"""It has no process at this moment, so it does no work that a change could end."""
WITH_PROCESS = (*UP, "stopping")
"""Its supervisor has a process of it."""


def is_left(state: Mapping[str, object]) -> bool:
    """Whether a unit that was removed has left its process: a deploy brings the unit back, and takes the process over.

    Args:
        state: of the fact `services`.
    """
    return state["state"] == "absent" and bool(state.get("pid"))
