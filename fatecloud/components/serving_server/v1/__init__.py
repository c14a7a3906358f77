"""FATE-Serving's server 1.3, for models of FATE 1.4. It always needs Redis, and takes no batches."""

from __future__ import annotations

from fatecloud.components.serving_server.service import JVM
from fatecloud.components.serving_server.settings import (
    ADDRESSES,
    CLASS,
    FLOW,
    GRPC,
    SECONDS,
    SOURCE,
    judge_without_http,
)
from fatecloud.components.serving_server.sources import ModelSource
from fatecloud.components.serving_server.v1.want import want
from fatecloud.components.serving_server.want import UNIT_EXCEPTIONS, registered_with_redis
from fatecloud.model.component import Component
from fatecloud.model.runtime import JavaRuntime

COMPONENT = Component(
    name="serving-server",
    summary="FATE-Serving's server",
    architectures=(),
    config=(*JVM.keys, SOURCE, CLASS, ADDRESSES, FLOW, SECONDS),
    ports=(GRPC,),
    want=want,
    gives=(ModelSource,),
    requires=registered_with_redis,
    judge=judge_without_http,
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
