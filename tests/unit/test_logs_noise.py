"""The noise filter hides what successful jobs wrote, and nothing that a fault writes."""

from __future__ import annotations

import re

import pytest

from fatecloud.components.flow.noise import NOISE

HEALTHY = (
    "[INFO] [t] [Server] [1:2] - [detector.detect_running_task] [line:48]: running task: []",
    "[INFO] [t] [Server] [1:2] - [scheduler.run_do] [line:82]: have 0 waiting jobs",
    "[INFO] [t] [Server] [1:2] - [scheduler.run_do] [line:94]: start schedule running jobs",
    "[INFO] [t] [Server] [1:2] - [scheduler.run_do] [line:117]: schedule rerun jobs finished",
    "[INFO] [t] [Server] [1:2] - [detector.detect_end_task] [line:100]: start to detect end status task..",
    "[INFO] [t] [Server] [1:2] - [detector.detect_resource_record] [line:257]: finish detect resource recycle",
    "[WARNING] [t] [Server] [1:2] - [process_utils.get_process_instance] [line:120]: no such process 4711",
    "[WARNING] [t] [2026] [1:2] - [base_saver._update_job] [line:86]: try to update job, pop job status",
    "[WARNING] [t] [2026] [1:2] - [base_saver._update_job] [line:91]: job update does not take effect: {'job_id': '2'}",
    (
        "[WARNING] [t] [2026] [1:2] - [base_saver._update_task_status] [line:112]: update task 2_up 0 status update "
        "does not take effect: {'job_id': '2', 'status': 'success'}"
    ),
    (
        "[INFO] [t] [Server] [1:2] - [federated._inner] [line:46]: job command 'report_task' return: {'code': "
        "1008, 'message': 'Update task status does not take effect: job_id[2],role[host]'}"
    ),
    (
        "[WARNING] [t] [2026] [1:2] - [resource_manager.resource_for_job] [line:130]: record job 2 resource "
        "ResourceOperation.RETURN failed on guest 9999"
    ),
    (
        "[WARNING] [t] [2026] [1:2] - [resource_manager.resource_for_task] [line:207]: task 2_toy_0 0 "
        "ResourceOperation.RETURN resource failed"
    ),
    "[ERROR] [t] [2026] [1:2] - [job.clean_job] [line:150]: (2005, 'No found output model: job_id[2],role[local]')",
    "No module named 'bfia'",
)
FAULTS = (
    "[INFO] [t] [Server] [1:2] - [detector.detect_running_task] [line:48]: running task: ['202611252012_toy_0']",
    "[INFO] [t] [Server] [1:2] - [scheduler.run_do] [line:82]: have 2 waiting jobs",
    "[ERROR] [t] [2026] [1:2] - [schedule.run] [line:5]: (2003, \"Can't connect to MySQL server on '10.0.0.2'\")",
    (
        "[WARNING] [t] [2026] [1:2] - [resource_manager.resource_for_job] [line:1]: ResourceOperation.APPLY job "
        "resource(cores 20 memory 0) on host 9999 failed, remaining cores: 12"
    ),
    "OSError: [Errno 28] No space left on device",
    "ModuleNotFoundError: No module named 'torch'",
    "[ERROR] [t] [2026] [1:2] - [task.run] [line:5]: task update failed: No found output model",
    '127.0.0.1 - - [25/Nov/2026 19:32:41] "GET /v2/server/fateflow HTTP/1.1" 500 -',
)


def is_noise(line: str) -> bool:
    return any(re.search(pattern, line) for pattern in NOISE)


@pytest.mark.parametrize("line", HEALTHY)
def test_what_successful_jobs_wrote_is_noise(line: str) -> None:
    assert is_noise(line)


@pytest.mark.parametrize("line", FAULTS)
def test_what_faults_write_is_not(line: str) -> None:
    assert not is_noise(line)
