"""Phases after the nodes match the inventory: they show that it works, and clear what is not needed any more."""

from __future__ import annotations

from fatecloud.errors import RunError
from fatecloud.model.event import Event
from fatecloud.plan.stores import outdated_stores
from fatecloud.workflow import departed, verify
from fatecloud.workflow.needed_secrets import rotating
from fatecloud.workflow.phases.state import Deploy
from fatecloud.workflow.secrets import SecretsFiles, promote


def end_rotations(deploy: Deploy) -> None:
    """Make the next values of rotating secrets current in the vault: the nodes use them now."""
    session = deploy.session
    names = rotating(session.desired, session.vault.secrets)
    if not names:
        return
    # Nodes that were left out still use the current value.
    if deploy.wanted.limit:
        deploy.note(f"still in rotation, because the deploy was limited to some nodes: {', '.join(names)}")
        return
    options = session.options
    files = SecretsFiles(options.inventory, options.secrets, options.vault_password_file)
    ended = promote(files, names, session.vault.ask)
    deploy.events(Event("ok", f"rotated: {', '.join(ended)}"))


def forget_emptied_nodes(deploy: Deploy) -> None:
    """Forget nodes that have no service any more."""
    deploy.run.outcome = "unverified"  # for the history, from here on: the services are deployed
    departed.forget_emptied(deploy.session, deploy.observed, deploy.events)


def verify_cluster(deploy: Deploy) -> None:
    """Check what was deployed, and run the smoke test."""
    verify.verify(deploy.session, deploy.wanted, deploy.plan, deploy.run, deploy.ui)


def clear_stores(deploy: Deploy) -> None:
    """Remove what an older release needed, once the smoke test of the new one succeeded. A failure is only noted."""
    nodes = outdated_stores(deploy.session.desired, deploy.observed)
    if not nodes:
        return
    try:
        deploy.run.ansible.play("prune.yml", limit=nodes)
    except RunError as error:
        deploy.run.interruption.check()
        deploy.note(f"could not remove what an older release left: {error.message}")
