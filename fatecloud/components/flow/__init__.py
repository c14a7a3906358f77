"""FATE-Flow: schedules jobs and runs their tasks."""

GENERATIONS = {"2": "v2"}
