"""The account that a service runs as: without it the service runs on, and nothing can ask it or start it again."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.checks.service import finding, manage
from fatecloud.model.accounts import PRIVILEGED_GROUPS, account_of, has_own_account
from fatecloud.model.check import Code, FactAbsent, ServiceView, service_check
from fatecloud.model.finding import Finding
from fatecloud.model.own_accounts import NOWHERE, differences
from fatecloud.model.remedy import DEPLOY, Remedy, Run
from fatecloud.model.states import AT_REST

USER_MISSING = Code(
    "SERVICE_USER_MISSING", "critical", "The account that the service runs as is not on the node.", settles=False
)
USER_CHANGED = Code(
    "SERVICE_USER_CHANGED",
    "warning",
    "The account that a service runs as has another shell, home or groups than a deploy gave it.",
    settles=False,
)


@service_check(USER_MISSING, after=("MANIFEST_ABSENT", "SERVICE_ABSENT"))
def has_account(view: ServiceView) -> Iterator[Finding]:
    """The service's user is known on its node."""
    view.require_deployed("user")
    name, known = view.service.user, view.fact("users")
    # Not the same as a user that is not there: the node was not asked for it.
    if name not in known:
        raise FactAbsent(f"users: nothing about {name}")
    if known[name] is None:
        yield finding(
            view,
            USER_MISSING,
            f"there is no user {name}",
            cause="it was removed, or the file or name service that has it was replaced",
            remedy=(DEPLOY,),
            expected=f"user {name}",
            got="no such user: nothing can be started or asked as it",
            source="fact users",
        )


@service_check(USER_CHANGED, after=("MANIFEST_ABSENT", "SERVICE_ABSENT", USER_MISSING.name))
def account_as_made(view: ServiceView) -> Iterator[Finding]:
    """A service's own account is as a deploy made it; one that the operator named is the operator's."""
    view.require_deployed("user")
    node = view.desired.node(view.facts.node)
    seen = view.fact("users").get(view.service.user)
    if not seen or not has_own_account(node):
        return
    wrong, group = differences(seen), account_of(node, view.service.id).group
    if seen["group"] != group:
        wrong["primary group"] = str(seen["group"])
    if wrong:
        yield finding(
            view,
            USER_CHANGED,
            f"user {view.service.user} has {'; '.join(f'{what} {now}' for what, now in sorted(wrong.items()))}",
            cause="it was changed by hand, or by a tool that manages accounts",
            remedy=_again(view, group, wrong),
            expected=f"a shell that lets no one in, home {NOWHERE}, primary group {group} and no other",
            got="; ".join(f"{what}: {now}" for what, now in sorted(wrong.items())),
            source="fact users",
        )


def _again(view: ServiceView, group: str, wrong: dict[str, str]) -> tuple[Remedy, ...]:
    """What a deploy refuses comes first, with the command for it."""
    user, node = view.service.user, view.facts.node
    refused = sorted(PRIVILEGED_GROUPS.intersection(wrong.get("groups", "").split(", ")))
    found: list[Remedy] = [Run(f"gpasswd -d {user} {name}", node, root=True) for name in refused]
    if "primary group" in wrong:
        found.append(Run(f"usermod --gid {group} {user}", node, root=True))
    left = set(wrong) - {"primary group"}
    if set(wrong.get("groups", "").split(", ")) <= set(refused):
        left -= {"groups"}
    # usermod changes the home of a user only while nothing runs as it.
    if "home" in left and view.state["state"] not in AT_REST:
        found.append(manage(view, "stop"))
    return (*found, *((DEPLOY,) if left else ()))
