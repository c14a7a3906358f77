"""The phases of a deploy; `workflow/deploy.py` has their order."""
