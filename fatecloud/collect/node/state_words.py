"""What systemd and supervisord call the states of a service, in our words: for the collector and for Ansible's modules.

Like the rest of the collector it imports nothing of the project. The Ansible project has a copy in its `module_utils`.
Which states mean that a service is up or down, `model/states.py` says.
"""

UNIT = {
    "active": "running",
    "reloading": "running",
    "activating": "starting",
    "deactivating": "stopping",
    "failed": "failed",
}
"""ActiveState of a unit; any other is `stopped`."""
PROGRAM = {
    "RUNNING": "running",
    "STARTING": "starting",
    "BACKOFF": "retrying",
    "STOPPING": "stopping",
    "EXITED": "failed",
    "FATAL": "failed",
    "UNKNOWN": "failed",
}
"""State of a program of supervisord; any other is `stopped`, and so is one that exited by itself with status 0."""
