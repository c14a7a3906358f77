"""The account that a service runs as: without it the service runs on, and nothing can ask it or start it again."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.checks.service import finding
from fatecloud.model.check import Code, FactAbsent, ServiceView, service_check
from fatecloud.model.finding import Finding

USER_MISSING = Code(
    "SERVICE_USER_MISSING", "critical", "The account that the service runs as is not on the node.", settles=False
)


@service_check(USER_MISSING, after=("MANIFEST_ABSENT", "SERVICE_ABSENT"))
def has_account(view: ServiceView) -> Iterator[Finding]:
    """The service's user is known on its node."""
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
            remedy=("fatecloud deploy",),
            expected=f"user {name}",
            got="no such user: nothing can be started or asked as it",
            source="fact users",
        )
