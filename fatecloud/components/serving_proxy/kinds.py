"""The smoke tests of a pair of parties on Serving."""

from __future__ import annotations

from fatecloud.model.proof import ProofKind

_PROOF = "fatecloud.components.serving_proxy.proof"
ROUTE = ProofKind(
    "route",
    "Asks the other party's server, through both proxies, for a model that it does not have. It changes nothing.",
    # A proxy that lost its connection waits for up to two minutes before it tries again.
    200,
    f"{_PROOF}:route",
)
SMOKE = ProofKind(
    "predict",
    "Loads a small model into two parties that have none, predicts with features of both, compares the score, and "
    "removes the model.",
    300,
    f"{_PROOF}:predict",
)
