"""Runs on the node: makes the libraries of a service's environment importable.

`site` would do it too, but takes longer than the rest of Python's start.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

SHARED = "fatecloud-shared.pth"


def use_libraries(site_packages: str) -> None:
    """Put the environment's own libraries on the path first, then those of the release, as the service has them.

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
        ValueError: it is not YAML.
    """
    try:
        yaml = importlib.import_module("yaml")
    except ImportError:
        # Python sets of FATE 1.4 have its successor alone.
        yaml = importlib.import_module("ruamel.yaml")
    with open(path, encoding="utf-8") as file:
        try:
            return yaml.load(file, getattr(yaml, "CBaseLoader", yaml.BaseLoader))
        except yaml.YAMLError as error:
            raise ValueError(" ".join(str(error).split())) from error
