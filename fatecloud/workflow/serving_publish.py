"""`serving publish`: the model of a job of FATE 1.x into servers: deployed, loaded at all parties, and bound."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from fatecloud.components.registry import by_kind, publisher
from fatecloud.errors import FatecloudError, Refused, RunError, UsageError
from fatecloud.model.event import Event
from fatecloud.model.jobs import JobRunner
from fatecloud.model.publication import Publisher, Trained
from fatecloud.model.serving import Loaded, LoadedModel, ServingChange
from fatecloud.workflow.changing import Changing, held
from fatecloud.workflow.job_services import JobServices, job_services
from fatecloud.workflow.recorded import Recorded
from fatecloud.workflow.service_commands import ServiceCommands
from fatecloud.workflow.serving import MODELS, Serving
from fatecloud.workflow.serving_change import Found, await_bound, bound_before, free
from fatecloud.workflow.serving_restore import add_what_is_left, led_back, require_known
from fatecloud.workflow.session import Session

JOIN = "let the party take servers from a group (docs/how-to/serving.md), then fatecloud deploy"


@dataclass(frozen=True, slots=True)
class _Ground:
    """What a publication works with."""

    there: Serving
    found: Found
    by_party: Mapping[str, str]
    """Number of a party -> owner of its servers here."""
    model: Trained

    @property
    def owners(self) -> dict[tuple[str, str], str]:
        """Role and party of each part -> owner of its servers; without those of others."""
        return {part: self.by_party[part[1]] for part in self.model.parts if part[1] in self.by_party}

    @property
    def guest(self) -> str:
        """Owner of the servers that a service id is bound in."""
        return self.by_party[self.model.party]


def publish(session: Session, job: str, service: str, *, changing: Changing) -> ServingChange:
    """Bring the model of a job into the servers of its parties, and let it answer a service id.

    Args:
        job: id of the job, or version of a deployment that was made of it.
        service: the id.

    Raises:
        UsageError: no party here has the model, or its party has no servers.
        Refused: the release cannot publish models, or the operator said no.
        RunError: a server does not say what it has; a party did not load the model, or a server does not have it
            although its party said so; what was done is taken back.
    """
    with job_services(session, changing.deadline) as services, ServiceCommands(session) as commands:
        runner, source, model = _source(services, commands, job)
        with free(session, (), changing) as (there, found):
            ground = _ground(there, found, model)
            # What a failure takes back is what was not there before.
            require_known([one for owner in ground.owners.values() for one in found[owner]])
            before = bound_before(found[ground.guest], service)
            changing.ask(_question(ground, service, before))
            nodes = {one.id.node for owner in ground.owners.values() for one in found[owner]} | {runner.id.node}
            with held(session, nodes, changing) as run:
                model = _published(ground, source, service, run, changing.deadline)
    servers = tuple(one.id.key for owner in dict.fromkeys(ground.owners.values()) for one in found[owner])
    return ServingChange("publish", service, model.version, before, servers, _others(ground))


def _source(services: JobServices, commands: ServiceCommands, job: str) -> tuple[JobRunner, Publisher, Trained]:
    """The flow of the party that started the job, which passes requests on to the others, and the model there."""
    refusals: list[FatecloudError] = []
    for runner in _runners(services, job):
        at = publisher(runner.kind)
        if at is None:
            why = by_kind()[runner.kind].publishes_not if runner.kind in by_kind() else ""
            words = why or "its release has no way to"
            refusals.append(Refused(f"party {runner.id.owner} cannot publish a model: {words}"))
            continue
        source = at(runner, commands.at(runner.id, runner.user))
        try:
            model = source.trained(job)
        except UsageError as error:
            refusals.append(error)
            continue
        if (model.role, model.party) == ("guest", runner.id.owner):
            return runner, source, model
        refusals.append(
            UsageError(
                f"the model was started by {model.role} {model.party}, which has to publish it",
                remedy="a job for online inference is started by its guest, at a party of this inventory",
            )
        )
    raise refusals[0]


def _runners(services: JobServices, job: str) -> Sequence[JobRunner]:
    """At least one: those that may have the model, the likeliest first. A deployment has its own version."""
    try:
        known = services.known(job)
    except UsageError:
        return services.runners
    found = [runner for runner, rows in known if any(row.scheduler == runner.id.owner for row in rows)]
    return [*found, *(runner for runner, _ in known if runner not in found)]


def _ground(there: Serving, found: Found, model: Trained) -> _Ground:
    by_party = {there.api.party(owner): owner for owner in there.owners}
    if model.party not in by_party:
        raise UsageError(f"party {model.party} has no servers here that could answer with the model", remedy=JOIN)
    return _Ground(there, found, by_party, model)


def _question(ground: _Ground, service: str, before: Mapping[str, str]) -> str:
    model = ground.model
    parties = ", ".join(f"{role} {party}" for role, party in model.parts)
    now = ", ".join(dict.fromkeys(before.values()))
    return f"publish model {model.version} to the servers of {parties}, and let it answer service id {service}?" + (
        f" Now model {now} answers it." if now else ""
    )


def _published(ground: _Ground, source: Publisher, service: str, run: Recorded, deadline: float) -> Trained:
    model = ground.model
    if not model.deployed:
        model = source.deploy(model)
        run.events(Event("ok", f"model {ground.model.version} is deployed as {model.version}"))
    binding = False
    try:
        run.interruption.check()
        # Where all servers are of this inventory, each knows by its settings where its flow is.
        source.load(model, by_servers=len(ground.owners) == len(model.parts))
        _await_loaded(ground, model, deadline)
        run.events(Event("ok", f"model {model.version} is loaded at {', '.join(_words(model))}"))
        run.interruption.check()
        binding = True
        source.bind(model, service)
        await_bound(ground.there, ground.guest, service, model.version, deadline)
    except FatecloudError as error:
        # First of all: removing a model takes its service ids along, and then nothing would answer them.
        left = led_back(ground.there, ground.guest, ground.found[ground.guest], service, deadline) if binding else []
        left += [] if left else _cleared(ground, model, deadline)
        failed = error if isinstance(error, RunError) else RunError(error.message, remedy=error.remedy)
        failed.remedy = failed.remedy or MODELS
        add_what_is_left(failed, left)
        raise failed from error
    run.events(Event("ok", f"service id {service} is bound to model {model.version}"))
    return model


def _words(model: Trained) -> list[str]:
    return [f"{role} {party}" for role, party in model.parts]


def _await_loaded(ground: _Ground, model: Trained, deadline: float) -> None:
    """Make sure that each server here has its part, whatever flow said. Raises RunError."""
    observed = ground.there.observe(deadline)
    missing = [
        f"{one.id.key}{f' ({one.unknown})' if one.unknown else ''}"
        for (role, party), owner in ground.owners.items()
        for one in ground.there.api.loaded(owner, observed)
        if one.model(model.version, model.namespace(role, party)) is None
    ]
    if missing:
        raise RunError(f"model {model.version} is said to be loaded, and it is not in {', '.join(missing)}")


def _cleared(ground: _Ground, model: Trained, deadline: float) -> list[str]:
    """Remove what a failed publication has loaded, where that can be done. Returns what is left, in words."""
    try:
        observed = ground.there.observe(deadline)
        return [
            words
            for (role, party), owner in ground.owners.items()
            for one in ground.there.api.loaded(owner, observed)
            if not _had(ground.found[owner], one, model, role, party)
            for words in _removed(ground, owner, one, one.model(model.version, model.namespace(role, party)))
        ]
    except FatecloudError as error:
        return [error.message]


def _removed(ground: _Ground, owner: str, one: Loaded, part: LoadedModel | None) -> Iterator[str]:
    if part is None and one.unknown:
        yield f"{one.id.key}: {one.unknown}"
    elif part and ground.there.api.keeps_models(owner):
        yield f"{one.id.key} keeps model {part.table}, where nothing can remove it"
    elif part:
        try:
            ground.there.api.unload(one.id.key, part)
        except FatecloudError as error:
            yield error.message


def _had(before: Sequence[Loaded], now: Loaded, model: Trained, role: str, party: str) -> bool:
    """Whether a server had it before this publication."""
    same = [one for one in before if one.id.key == now.id.key]
    return any(one.model(model.version, model.namespace(role, party)) is not None for one in same)


def _others(ground: _Ground) -> tuple[str, ...]:
    away = [party for _, party in ground.model.parts if party not in ground.by_party]
    return tuple(f"party {party} has its part by its own word alone: we have none of its servers" for party in away)
