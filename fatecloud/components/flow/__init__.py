"""FATE-Flow: schedules jobs and runs their tasks."""

GENERATIONS = {"1.4": "v1_4", "1.9": "v1", "1.11": "v1", "2": "v2"}
