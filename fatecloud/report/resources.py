"""What services take of their nodes, as text and as a document for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fatecloud.model.desired import Desired, DesiredService
from fatecloud.model.finding import Finding
from fatecloud.model.needs import Figure
from fatecloud.model.node import Node
from fatecloud.model.sizes import size_text
from fatecloud.report.document import finding_document
from fatecloud.report.finding import finding_lines
from fatecloud.report.kinds.resources import From, NodeResources, ResourceList
from fatecloud.report.look import Look
from fatecloud.report.wrap import table, wrapped


def resources_text(desired: Desired, contradictions: Sequence[Finding], look: Look) -> str:
    """A paragraph for each node with what its services take and why, then what does not fit."""
    paragraphs = ["\n".join(_node(desired, node, look.width)) for node in _nodes(desired)]
    paragraphs += ["\n".join(finding_lines(finding, look)) for finding in contradictions]
    return "\n\n".join(paragraphs)


def _nodes(desired: Desired) -> Iterator[Node]:
    return (node for _, node in sorted(desired.cluster.nodes.items()) if desired.on_node(node.name))


def _node(desired: Desired, node: Node, width: int) -> Iterator[str]:
    services = desired.on_node(node.name)
    memory, cores = node.machine.memory, node.machine.cores
    has = [
        f"{size_text(memory)} of memory{_said(node.memory)}" if memory else "memory not known",
        f"{cores} cores{_said(node.cores)}" if cores else "cores not known",
    ]
    yield f"node {node.name}: {', '.join(has)}"
    yield from table([row for service in services for row in _rows(service)], width)
    need = sum(service.needs.memory for service in services)
    sum_ = f"in all {size_text(need)}" + (f" of {size_text(memory)}" if memory else "")
    short = f"; {size_text(need - memory)} too much" if memory and need > memory else ""
    yield from wrapped(sum_ + short, width, "  ", "  ")


def _said(given: int | None) -> str:
    return " (inventory)" if given else ""


def _rows(service: DesiredService) -> Iterator[tuple[str, str, str, str]]:
    key = f"  {service.id.key}"
    for figure in service.needs.figures:
        yield key, figure.name, _value(figure), figure.why
        key = ""


def _value(figure: Figure) -> str:
    if figure.unit == "bytes":
        return size_text(figure.value)
    return f"{figure.value} {figure.unit.removesuffix('s') if figure.value == 1 else figure.unit}"


def resources_document(desired: Desired, contradictions: Sequence[Finding]) -> ResourceList:
    """The same for programs."""
    return {
        "items": [_node_document(desired, node) for node in _nodes(desired)],
        "contradictions": [finding_document(finding) for finding in contradictions],
    }


def _node_document(desired: Desired, node: Node) -> NodeResources:
    services = desired.on_node(node.name)
    memory, need = node.machine.memory, sum(service.needs.memory for service in services)
    return {
        "node": node.name,
        "memory": memory,
        "memory_from": _from(node.memory, memory),
        "cores": node.machine.cores,
        "cores_from": _from(node.cores, node.machine.cores),
        "needed": need,
        "fits": need <= memory if memory else None,
        "services": [
            {
                "service": service.id.key,
                "memory": service.needs.memory,
                "figures": [
                    {
                        "name": figure.name,
                        "value": figure.value,
                        "unit": figure.unit,
                        "why": figure.why,
                        "setting": figure.key,
                        "set": figure.written,
                    }
                    for figure in service.needs.figures
                ],
            }
            for service in services
        ],
    }


def _from(given: int | None, known: int | None) -> From:
    return "inventory" if given else "node" if known else "unknown"
