"""The SSH library, without a part of it that nothing here uses and that is a third of what loading it takes."""

from __future__ import annotations

import sys

# `Match exec` in ssh_config files, which are not read here, needs invoke. The library does without where there is none.
_absent = "invoke" not in sys.modules
if _absent:
    sys.modules["invoke"] = None  # type: ignore[assignment] # the import system's own way to say so
try:
    import paramiko as paramiko  # noqa: PLC0414 - handed on
finally:
    if _absent:
        del sys.modules["invoke"]
