"""The secrets of a cluster: their file, its password, how they are made and changed, and how they leave texts."""
