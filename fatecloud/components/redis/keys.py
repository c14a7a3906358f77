"""What a server of Serving needs inside a Redis: room for what it keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fatecloud.model.context import Context
from fatecloud.model.contribution import Contribution


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys(Contribution):
    """Keys of its own. They are digests of requests, so several services may share one Redis."""

    kind: ClassVar[str] = "redis.keys"

    @property
    def claims(self) -> tuple[str, ...]:
        """Nothing that another one may not have."""
        return ()


def keys(ctx: Context) -> Keys:
    """What a service asks for, with the password of the Redis that its owner uses."""
    return Keys(name="results", service=ctx.id.key, secret=ctx.secret("redis.password", of="redis"))
