"""FATE-Serving's admin, from Serving 2 on: a page that shows what is registered, and changes models and routes."""

GENERATIONS = {"2": "v2"}
