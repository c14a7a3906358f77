"""Two parties on FATE 1.11.4, all of whose nodes are rebooted at once.

The last file on their cluster: for five minutes after a boot, a service that does not answer is taken for one that
comes up, and faults have another root.
"""

from __future__ import annotations

import on_rollsite
import pytest
from rolling import Rolling

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(3600)]


def test_after_a_reboot_of_all_nodes_jobs_run_again(rollsites: Rolling) -> None:
    on_rollsite.comes_back_after_a_reboot(rollsites)
