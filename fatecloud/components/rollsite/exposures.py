"""What rollsite leaves open, however well everything works."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.components.rollsite.readers import KEY, readers
from fatecloud.model.check import Code, ServiceView, service_check
from fatecloud.model.finding import Finding
from fatecloud.model.remedy import Edit

ROUTES = Code(
    "EXPOSURE_ROLLSITE_ROUTES",
    "exposure",
    "Rollsite's table of routes can be replaced over its port, from some addresses and with a secret.",
)


@service_check(ROUTES, component="rollsite", while_down=True)
def exposures(view: ServiceView) -> Iterator[Finding]:
    """Whether anyone may replace its table."""
    owner, node = view.desired.cluster.owners[view.service.id.owner], view.service.id.node
    if named := readers(owner.settings("rollsite", node)):
        yield Finding(
            ROUTES.name,
            ROUTES.severity,
            view.subject,
            f"{', '.join(named)} can replace its table of routes, and send what is for other parties elsewhere",
            cause=f"`{KEY}` of rollsite names them; their requests come without encryption, and one that was "
            "overheard can be sent again",
            remedy=(Edit(f"leave `{KEY}` of rollsite out: fatecloud writes the table"),),
            source="inventory",
        )
