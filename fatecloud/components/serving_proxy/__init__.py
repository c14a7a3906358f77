"""FATE-Serving's proxy: takes the requests of applications, and carries those between the parties' servers."""

GENERATIONS = {"1": "v1", "2": "v2"}
