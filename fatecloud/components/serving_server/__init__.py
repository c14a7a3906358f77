"""FATE-Serving's server: holds models and scores requests, of its own applications or of other parties' servers."""

GENERATIONS = {"2": "v2"}
