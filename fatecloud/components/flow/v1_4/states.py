"""What flow 1.4 calls the states of jobs, and how it says that there is none."""

from __future__ import annotations

NOTHING = 101
"""Code of an answer to a question for jobs or tasks: there is none."""
OPEN = ("running", "waiting")
"""Statuses of jobs that have not ended."""
HEAVY = ("f_dsl", "f_runtime_conf", "f_train_runtime_conf")
"""Columns of a job with its whole description, which no one of ours reads."""
