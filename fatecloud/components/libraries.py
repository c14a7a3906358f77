"""Runs on the node: makes the libraries of a service's environment importable.

Without all that Python does besides when it starts with `site`, which takes longer than the rest of its start. Written
into the scripts that use it, see `script_text`.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

SHARED = "fatecloud-shared.pth"


def use_libraries(site_packages: str) -> None:
    """The environment's own ones first, then those of the release, as the service itself has them.

    Args:
        site_packages: absolute path, of a thin environment.

    Raises:
        OSError: it does not say where the shared environment is.
    """
    with open(f"{site_packages}/{SHARED}", encoding="utf-8") as file:
        sys.path += [site_packages, file.read().strip()]


def configuration(path: str) -> Any:
    """Document in a YAML file, with every scalar as text: versions of YAML agree on those.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no YAML.
    """
    yaml = importlib.import_module("yaml")
    with open(path, encoding="utf-8") as file:
        try:
            return yaml.load(file, getattr(yaml, "CBaseLoader", yaml.BaseLoader))
        except yaml.YAMLError as error:
            raise ValueError(" ".join(str(error).split())) from error
