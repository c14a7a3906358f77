"""Where verbs reach the models of a server of Serving 2: by a script on its node."""

from __future__ import annotations

from fatecloud.components.serving_server.carried import ServingModels
from fatecloud.model.desired import DesiredService
from fatecloud.model.jobs import Run


def models(service: DesiredService, run: Run) -> ServingModels:
    """See `model.trained.ModelTargetAt`."""
    return ServingModels(service, run, "v2", removes=True)
