"""FATE-Serving's server 2.1, for models of FATE 1.9 to 1.11."""

from __future__ import annotations

from fatecloud.components.serving_server.service import JVM
from fatecloud.components.serving_server.settings import (
    ADDRESSES,
    BATCH_CLASS,
    CLASS,
    FLOW,
    GRPC,
    QUEUE,
    RESULTS,
    SECONDS,
    SOURCE,
    URL,
    judge,
)
from fatecloud.components.serving_server.sources import ModelSource
from fatecloud.components.serving_server.v2.want import want
from fatecloud.components.serving_server.want import UNIT_EXCEPTIONS, registered
from fatecloud.model.component import Component, ConfigKey, PortSpec
from fatecloud.model.runtime import JavaRuntime

COMPONENT = Component(
    name="serving-server",
    summary="FATE-Serving's server",
    architectures=(),
    config=(
        *JVM.keys,
        SOURCE,
        URL,
        CLASS,
        BATCH_CLASS,
        ADDRESSES,
        FLOW,
        RESULTS,
        SECONDS,
        ConfigKey("batch.most", "int", 300, "Requests in one batch.", 1, 100000),
        QUEUE,
    ),
    ports=(
        GRPC,
        PortSpec("http", 8185, "Management over HTTP, from 2.1.7 on", loopback=True, used=False),
    ),
    want=want,
    gives=(ModelSource,),
    requires=registered,
    judge=judge,
    runtime=JavaRuntime(),
    model_api="fatecloud.components.serving_server.model_api:serving_models",
    many=True,
    groups=True,
    soft=True,
    rolls=True,
    spare=lambda instances: instances - 1,
    keeps="the models that were loaded into it, and to which service ids they are bound",
    signs=(".fate/*",),
    unit_exceptions=UNIT_EXCEPTIONS,
    models_from=f"{__name__}.carried:models",
    models_into=f"{__name__}.carried:models",
)
