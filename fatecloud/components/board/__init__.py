"""FATEBoard: a page on which people look at the jobs of their party."""

GENERATIONS = {"1.4": "v1_4", "1.11": "v1", "2": "v2"}
