"""The files of a desired state, rendered with placeholders in place of secrets."""

from __future__ import annotations

from dataclasses import replace

from fatecloud.model.desired import Desired, DesiredFile
from fatecloud.shipped import folder


def rendered(desired: Desired, before: Desired | None = None) -> Desired:
    """Fill `files`: every file of every node, with placeholders instead of secrets.

    Args:
        before: rendered while the nodes were read; a service that is the same has the same files.
    """
    from fatecloud.render.files import render_specs  # noqa: PLC0415 - not before the nodes have been asked

    templates = folder("templates")
    files: dict[str, list[DesiredFile]] = {name: [] for name in desired.cluster.nodes}
    for key, service in sorted(desired.services.items()):
        same = before is not None and before.services.get(key) == service
        kept = before.files.get(service.id.node, ()) if before is not None and same else ()
        files[service.id.node] += (
            [file for file in kept if file.service == key] if same else render_specs(service.specs, key, templates)
        )
    for name, specs in desired.node_specs.items():
        files[name] += render_specs(specs, "node", templates)
    for name, node in desired.cluster.nodes.items():
        if node.check:
            from fatecloud.workflow.limited import check_files  # noqa: PLC0415 - few clusters need it

            files[name] += check_files(desired, node)
    return replace(desired, files={name: tuple(found) for name, found in files.items()})
