"""EggRoll's nodemanager: starts eggs (workers, in Python) for the sessions of jobs on its node, and ends them."""

GENERATIONS = {"2.0": "v2_0", "2.4": "v2", "2.5": "v2", "3": "v3"}
