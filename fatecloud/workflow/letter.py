"""`preflight --letter`: what an inventory asks of other departments. Needs no node, store or secret."""

from __future__ import annotations

from fatecloud.model.letter import Letter
from fatecloud.resolve.letter import letter_of
from fatecloud.workflow.load import load_session
from fatecloud.workflow.options import Options


def requirements(options: Options) -> Letter:
    """The requirements of an inventory. Raises InventoryError."""
    return letter_of(load_session(options, need_secrets=False).resolved)
