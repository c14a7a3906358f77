"""The noise filter hides what successful jobs wrote, and nothing that a fault writes."""

from __future__ import annotations

import re

import pytest
from component_world import desired

from fatecloud.components.flow.v2.noise import NOISE

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
    # While a job runs; recorded from a logistic regression of two parties.
    (
        "[INFO] [t] [Server] [1:2] - [detector.detect_running_task] [line:48]: running task: [<Task: ("
        "'202611281707574335130', '202611281707574335130_upload_0', 0, 'local', '0')>]"
    ),
    "[INFO] [t] [Server] [1:2] - [detector.detect_running_task] [line:96]: finish detect 1 running task",
    "[INFO] [t] [Server] [1:2] - [scheduler.run_do] [line:96]: have 1 running jobs",
    "[INFO] [t] [Server] [1:2] - [scheduler.run_do] [line:98]: schedule running job 202611281707574335130",
    "[INFO] [t] [Server] [1:2] - [process_utils.wait_child_process] [line:151]: child process 7 exit with exitcode 0",
    (
        "[INFO] [t] [Server] [1:2] - [process_utils.wait_child_process] [line:154]: current process has no existing "
        "unwaited-for child processes."
    ),
    "[INFO] [t] [2026] [1:2] - [scheduler.schedule_running_job] [line:180]: scheduling running job",
    "[INFO] [t] [2026] [1:2] - [scheduler.schedule] [line:490]: finish scheduling job tasks",
    "[INFO] [t] [2026] [1:2] - [scheduler.schedule] [line:469]: task psi_0 dependent tasks:['reader_0']",
    (
        "[INFO] [t] [2026] [1:2] - [scheduler.schedule_running_job] [line:183]: task_scheduling_status_code: 2, "
        "tasks_status: dict_values(['success', 'running'])"
    ),
    (
        "[INFO] [t] [2026] [1:2] - [scheduler.get_federated_task_status] [line:580]: task 2026_psi_0 0 status is "
        "waiting, calculate by task party status list: ['waiting', 'waiting']"
    ),
    "[INFO] [t] [2026] [1:2] - [base_saver.execute_update] [line:223]: UPDATE `t_job` SET `f_status` = 'running'",
    '127.0.0.1 - - [28/Nov/2026 17:08:55] "POST /v2//worker/metric/save HTTP/1.1" 308 -',
    '127.0.0.1 - - [28/Nov/2026 17:08:55] "POST /v2/worker/metric/save HTTP/1.1" 200 -',
    '127.0.0.1 - - [28/Nov/2026 17:08:55] "GET /v2/job/task/query?job_id=202611281707574335130 HTTP/1.1" 200 -',
)
OTHERS = {
    "nginx": (
        ('10.0.0.1 - - [28/Nov/2026:17:16:43 +0000] "POST /v2/partner/task/start HTTP/1.1" 200 31 "-" "x"',),
        (
            '10.0.0.1 - - [28/Nov/2026:17:16:43 +0000] "POST /v2/partner/task/start HTTP/1.1" 499 0 "-" "x"',
            '10.0.0.1 - - [28/Nov/2026:17:16:43 +0000] "POST /v2/partner/task/start HTTP/1.1" 502 157 "-" "x"',
            '10.0.0.1 - - [28/Nov/2026:17:16:43 +0000] "GET /admin HTTP/1.1" 200 31 "-" "x"',
        ),
    ),
    "rabbitmq": (
        (
            "2026-11-28 17:16:43.936921+00:00 [info] <0.2014.0> Created user '202611281714346174110_reader_0_0'",
            "2026-11-28 17:13:20.46+00:00 [info] <0.1937.0> Deleted user '202611281714346174110_reader_0_0'",
            (
                "2026-11-28 17:13:20.42+00:00 [info] <0.1934.0> Successfully changed password for user "
                "'202611281714346174110_reader_0_0'"
            ),
        ),
        (
            "2026-11-28 17:13:20.46+00:00 [info] <0.1937.0> Deleted user 'fate'",
            "2026-11-28 17:13:20.46+00:00 [info] <0.1937.0> Successfully changed password for user 'fate'",
        ),
    ),
    "mysql": (
        (
            (
                "2026-11-28 17:08:55 7 [Warning] Aborted connection 7 to db: 'fate_flow' user: 'fate' host: '10.0.0.1' "
                "(Got an error reading communication packets)"
            ),
        ),
        (
            (
                "2026-11-28 17:08:55 7 [Warning] Aborted connection 7 to db: 'fate_flow' user: 'fate' host: '10.0.0.1' "
                "(Got timeout reading communication packets)"
            ),
            "2026-11-28 17:08:55 5 [Warning] Access denied for user 'fate'@'127.0.0.1' (using password: YES)",
        ),
    ),
}
FAULTS = (
    "[INFO] [t] [Server] [1:2] - [scheduler.run_do] [line:82]: have 2 waiting jobs",
    "[INFO] [t] [Server] [1:2] - [process_utils.wait_child_process] [line:151]: child process 7 exit with exitcode 1",
    (
        "[INFO] [t] [2026] [1:2] - [scheduler.get_federated_task_status] [line:580]: task 2026_lr_0 0 status is "
        "failed, calculate by task party status list: ['failed', 'running']"
    ),
    "[INFO] [t] [2026] [1:2] - [scheduler.schedule] [line:463]: canceled status True, job interrupt status False",
    "[INFO] [t] [2026] [1:2] - [federated._inner] [line:46]: job command 'report_task_to_scheduler' return: {'code': 9",
    '127.0.0.1 - - [25/Nov/2026 19:32:41] "POST /v2/worker/task/status HTTP/1.1" 404 -',
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


def is_noise(line: str, patterns: tuple[str, ...] = NOISE) -> bool:
    return any(re.search(pattern, line) for pattern in patterns)


@pytest.mark.parametrize("component", OTHERS)
def test_what_other_components_write_during_a_healthy_job_is_noise_and_their_faults_are_not(component: str) -> None:
    wanted = next(service for service in desired().services.values() if service.id.component == component)
    patterns = wanted.facts["noise"]
    healthy, faults = OTHERS[component]
    assert [line for line in healthy if not is_noise(line, patterns)] == []
    assert [line for line in faults if is_noise(line, patterns)] == []


@pytest.mark.parametrize("line", HEALTHY)
def test_what_successful_jobs_wrote_is_noise(line: str) -> None:
    assert is_noise(line)


@pytest.mark.parametrize("line", FAULTS)
def test_what_faults_write_is_not(line: str) -> None:
    assert not is_noise(line)
