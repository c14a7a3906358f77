"""`objects`: what services need inside others, as a list and in the giver's own language."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.components.registry import all_components
from fatecloud.model.contribution import Given
from fatecloud.model.plan import LeftObjects
from fatecloud.plan.objects import objects_unneeded
from fatecloud.render.files import render_specs
from fatecloud.render.placeholders import masked
from fatecloud.shipped import folder
from fatecloud.workflow.deployed import require_read
from fatecloud.workflow.load import load_session
from fatecloud.workflow.observe import observe
from fatecloud.workflow.options import Options
from fatecloud.workflow.session import Session

_FIRST = (
    "-- In place of <secret NAME> belongs the password, in quotes, that this prints: fatecloud secrets reveal NAME\n"
)
_FACTS = ("clock", "manifest")


def needed_objects(options: Options) -> tuple[Given, ...]:
    """What services need inside others, in the order of givers. Raises FatecloudError."""
    given = load_session(options, need_secrets=False).resolved.given
    return tuple(sorted(given, key=lambda one: (one.place, one.contribution.name)))


def unneeded_objects(session: Session, deadline: float) -> tuple[LeftObjects, ...]:
    """What services have for others that do not need it any more. Reads the nodes of services that have such things.

    Args:
        deadline: seconds for each node to answer.

    Raises:
        RunError: a node could not be read.
    """
    nodes = {service.id.node for service in session.resolved.services.values() if service.objects}
    if not nodes:
        return ()
    observed = observe(session, nodes=sorted(nodes), want=_FACTS, deadline=deadline, limited=True)
    require_read(observed)
    return objects_unneeded(session.resolved, observed)


def removals(session: Session, left: tuple[LeftObjects, ...]) -> str:
    """What drops them, in each service's own language. Nothing of ours ever runs it."""
    return "\n".join(_removals(session, left)) or "-- nothing to drop\n"


def _removals(session: Session, left: tuple[LeftObjects, ...]) -> Iterator[str]:
    for one in left:
        service = session.resolved.services[one.service]
        write = all_components()[service.id.component].removal
        if write is not None:
            (file,) = render_specs([write(service.home, service.user, one.names)], one.service, folder("templates"))
            yield f"-- {one.service}: no service needs these any more\n{file.text}"


def statements(given: tuple[Given, ...]) -> str:
    """What makes it there, for each giver. It has no secrets, but the name of each, and says how to reveal it."""
    return "\n".join((_FIRST, *_texts(given)))


def _texts(given: tuple[Given, ...]) -> Iterator[str]:
    for place in dict.fromkeys(one.place for one in given):
        here = [one for one in given if one.place == place]
        name = here[0].contribution.kind.partition(".")[0]
        write = all_components()[name].statements
        if write is None:
            continue
        whose = "for its operator" if here[0].external else "fatecloud makes them by itself"
        spec = write("", f"{place}: {whose}", tuple(one.contribution for one in here))
        (file,) = render_specs([spec], place, folder("templates"))
        yield masked(file.text, lambda secret: f"<secret {secret}>")
