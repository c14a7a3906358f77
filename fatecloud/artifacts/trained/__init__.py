"""Trained models that are carried between environments: one signed archive each. docs/reference/model-archive.md."""
