"""`objects`: what services need inside others, as a list and in the giver's own language."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.components.registry import all_components
from fatecloud.model.contribution import Given
from fatecloud.render.files import render_specs
from fatecloud.render.placeholders import masked
from fatecloud.shipped import folder
from fatecloud.workflow.load import load_session
from fatecloud.workflow.options import Options

_FIRST = (
    "-- In place of <secret NAME> belongs the password, in quotes, that this prints: fatecloud secrets reveal NAME\n"
)


def needed_objects(options: Options) -> tuple[Given, ...]:
    """What services need inside others, in the order of givers. Raises FatecloudError."""
    given = load_session(options, need_secrets=False).resolved.given
    return tuple(sorted(given, key=lambda one: (one.place, one.contribution.name)))


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
