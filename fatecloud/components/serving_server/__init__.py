"""FATE-Serving's server: holds models and scores requests, of its own applications or of other parties' servers."""

GENERATIONS = {"1": "v1", "2": "v2"}
