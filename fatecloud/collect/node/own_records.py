"""The node's own records: manifest, lease, and whether they are to be believed."""

import json
import os
import time
from typing import Any, Dict, Optional

from .opening import LARGEST, Untrusted, distrust, lent, text_in
from .reading import Spec, Unreadable, text_of


def own_record(spec: Spec, name: str) -> Optional[Any]:
    """A record of ours, `manifest` or `lease`; None when it is not there."""
    path = spec["layout"][name]
    try:
        return json.loads(text_in(path, LARGEST, believed=True))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except Untrusted as error:
        raise Unreadable("%s is not believed: %s" % (path, error.strerror))
    except OSError as error:
        raise Unreadable("%s: %s" % (path, error.strerror))
    except (ValueError, RecursionError) as error:
        raise Unreadable("%s is damaged: %s" % (path, error))


def records(spec: Spec) -> Dict[str, Any]:
    """Which of our records on the node are not to be believed, with the reason; `untrusted` is empty when all are.

    The interpreter that reads and writes them counts as one.
    """
    layout = spec["layout"]
    paths = [layout["manifest"], layout["lease"], layout["rendered"] + "/any"]
    # The copy of a data mark decides whether a service may start.
    paths += [service["copy"] for service in spec.get("services", ()) if service.get("copy")]
    reasons = [distrust(path) for path in paths]
    if os.geteuid() == 0 and spec.get("python"):
        reasons.append(lent(spec["python"], spec.get("users", ())))
    return {"untrusted": sorted({reason for reason in reasons if reason})}


def lease(spec: Spec) -> Optional[Any]:
    """The node's lease. Where the clock was set since it was written, `expires` is in the clock's new time."""
    found = own_record(spec, "lease")
    if found and found.get("boot") == text_of("/proc/sys/kernel/random/boot_id", 4096).strip():
        # A lease counts in seconds since boot, which a clock that is set does not change.
        found["expires"] += time.time() - time.monotonic() - found["offset"]
    return found
