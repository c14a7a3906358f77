"""Log entries that a healthy flow writes all the time, as regular expressions of their first line. Seen on 2.2.0."""

NOISE = (
    r"\[scheduler\.run_do\].*(?:start schedule |have 0 |schedule .*jobs finished)",  # every two seconds
    r"\[detector\.\w+\].*: (?:start (?:to )?detect|finish detect|running task: \[\])",
    r"get_process_instance.*no such process \d+",  # four for each task that ended
    r"try to update job.* pop job status",
    r"(?:_update_|Update )\w+.* does not take effect",
    r"ResourceOperation\.RETURN.* failed",  # what was given back already, two for each task
    r"clean_job.*No found output model",  # cleaning a job whose components make no model
    r"No module named 'bfia'",  # an optional protocol that is not part of the release
    r"pkg_resources is deprecated as an API",
    r"WARNING: This is a development server",
    # Our own probes in the access log.
    r'"GET /v2/(?:server/fateflow|job/list/query\?limit=|provider/query\?name=)[^"]* HTTP/1\.\d" 200 ',
)
