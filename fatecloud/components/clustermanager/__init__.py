"""EggRoll's clustermanager: gives the sessions of jobs their workers, and knows where their tables are."""

GENERATIONS = {"2.0": "v2_0", "2.4": "v2", "2.5": "v2", "3": "v3"}
