"""What a run of ours writes while the rest is read: it is read once more at the end.

Answers to questions take seconds. A run that begins to change a service in the meantime says so in its lease, and with
the lease of before what was read after it would look like a fault. Hashes of files belong to the manifest of their own
moment in the same way.
"""

from typing import Any, Callable, Dict

_TRIES = 3
"""A run places the files of a few services in a row; each time it writes the manifest."""

Facts = Dict[str, Dict[str, Any]]


def read_afresh(facts: Facts, take: Callable[[str], Dict[str, Any]]) -> None:
    """Replace what is older than what was read beside it.

    Args:
        facts: all that was read, by name.
        take: reads a fact again.
    """
    if "lease" in facts:
        lease = take("lease")
        # One that was released meanwhile still explains what was read before that.
        if lease.get("value"):
            facts["lease"] = lease
    if not {"manifest", "files"} <= facts.keys():
        return
    for _ in range(_TRIES):
        manifest = take("manifest")
        if manifest == facts["manifest"]:
            return
        facts.update(manifest=manifest, files=take("files"))
