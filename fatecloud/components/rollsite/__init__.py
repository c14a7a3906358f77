"""Rollsite, of EggRoll 2: carries commands and data between the parties, and to the workers of its own."""

GENERATIONS = {"2.0": "v2_0", "2": "v2"}
