"""Runs on the node under flow's interpreter: can flow's own account use the MySQL that flow is configured for?"""

from __future__ import annotations

import json
import sys
from typing import Any

from fatecloud.components.flow.own_database import mysql
from fatecloud.probing.dialing import readable
from fatecloud.probing.libraries import configuration, use_libraries

TAKEN, RUNNING = "taken", "running"
HELD = f"""
select t_job.f_job_id, '{TAKEN}', (unix_timestamp() * 1000 - coalesce(t_job.f_update_time, t_job.f_create_time)) / 1000
from t_queue join t_job on t_job.f_job_id = t_queue.f_job_id
where t_queue.f_is_waiting = 5 and t_job.f_status = 'waiting' and t_job.f_is_initiator = 1
union all
select t_job.f_job_id, '{RUNNING}', (unix_timestamp() * 1000 - greatest(coalesce(t_job.f_update_time, 0),
coalesce((select max(coalesce(f_update_time, f_create_time)) from t_task where t_task.f_job_id = t_job.f_job_id), 0)))
/ 1000 from t_job where f_status = 'running' and f_is_initiator = 1 and not exists (select 1 from t_task
where t_task.f_job_id = t_job.f_job_id and t_task.f_status in ('start', 'running'))
order by 3 desc limit 20
"""  # noqa: S608 - words of our own
"""Jobs that this flow took from its queue and has not begun, and those that run and have no task that does, with the
seconds since something changed. It sees each of them on for a moment only, unless it forgot them."""


def judge(path: str) -> dict[str, Any]:
    """Read flow's configuration as flow does and try the server that it names."""
    try:
        settings = configuration(path)["database"]
    except (OSError, KeyError, TypeError, ValueError) as error:
        return {"ok": False, "kind": "config", "error": f"{path}: {type(error).__name__}: {error}"}
    found = mysql(settings, question=HELD)
    held = [{"job": readable(job), "state": state, "age": int(age or 0)} for job, state, age in found.pop("rows", ())]
    return {"engine": "mysql", **found, "held": held}


if __name__ == "__main__":
    use_libraries(sys.argv[1])
    sys.stdout.write(json.dumps(judge(sys.argv[2])) + "\n")
