"""Log entries that a healthy flow writes all the time, as regular expressions of their first line. Seen on 2.2.0.

Changes of state are kept; a poll that reports that nothing changed is noise.
"""

NOISE = (
    # Every two seconds, with and without a running job. A job that keeps waiting is not noise.
    r"\[scheduler\.run_do\].*(?:start schedule |have 0 |have \d+ running jobs|schedule .*jobs finished)",
    r"\[scheduler\.run_do\].*: schedule (?:running|rerun|waiting) job \d+$",
    r"\[detector\.\w+\].*: (?:start (?:to )?detect|finish detect|running task: \[)",
    # The same loop in the log of each job.
    r"^\[INFO\].*\[scheduler\.schedule\w*\].*: (?:finish )?scheduling (?:running job|job tasks)$",
    r"^\[INFO\].*\[scheduler\.schedule\].*(?:canceled status False, job interrupt status False|dependent tasks:)",
    r"^\[INFO\].*\[scheduler\.schedule_running_job\].*: (?:task_scheduling_status_code: 2,|job status is running,)",
    r"^\[INFO\].*\[scheduler\.get_federated_task_status\].* status is (?:running|waiting|success), calculate",
    r"^\[INFO\].*\[base_saver\.execute_update\]",  # each change of a row, as SQL
    r"^\[INFO\].*\[base_saver\._update_\w+\].*: try to update (?:task \S+ \d+ status|job)$",
    r"^\[INFO\].*\[process_utils\.run_subprocess\].*: RUN ENV",
    # Successful ends, for each task.
    r"\[process_utils\.wait_child_process\].*(?:exit with exitcode 0$|no existing unwaited-for|immediately available)",
    r"job command 'report_task_to_scheduler' return: \{'code': 0,",
    r"get_process_instance.*no such process \d+",  # four for each task that ended
    r"try to update job.* pop job status",
    r"(?:_update_|Update )\w+.* does not take effect",
    r"ResourceOperation\.RETURN.* failed",  # cores that were released already, two for each task
    r"clean_job.*No found output model",  # cleaning a job whose components make no model
    r"No module named 'bfia'",  # an optional protocol that is not part of the release
    r"pkg_resources is deprecated as an API",
    r"WARNING: This is a development server",
    # Successful requests: fatecloud's, the pipeline's, the tasks' and the partner's. Tasks write two
    # slashes, and are sent to the right address.
    r'"(?:GET|POST) /v2/[^"]* HTTP/1\.\d" (?:200|308) ',
)
