"""Remembers where each value of the cluster came from."""

from __future__ import annotations

from typing import Any

from fatecloud.inventory.kinds import Reader
from fatecloud.model.cluster import Origin

BUILT_IN = "built in"


class Origins:
    """Origins by dotted path.

    Args:
        file: the inventory's file name, without its directory.
        reader: knows the position of every value in the file.
    """

    def __init__(self, file: str, reader: Reader) -> None:
        self.by_path: dict[str, Origin] = {}
        self._file = file
        self._known: dict[str, Origin] = {}
        self._reader = reader

    def place(self, path: str) -> str:
        """`inventory.yml:12:3`, the position of a path in the file."""
        mark = self._reader.at(path)
        return f"{self._file}:{mark.line}:{mark.column}"

    def written(self, path: str, source: str = "") -> None:
        """Note that the value at `path` is in the file, possibly at another path, `source`."""
        self.by_path[path] = Origin(self.place(source or path))

    def derived(self, path: str, source: str = BUILT_IN) -> None:
        """Note that the value at `path` was derived or looked up: `source` says how."""
        # Nearly all values share a few sources, so each of these is kept only once.
        origin = self._known.get(source)
        self.by_path[path] = origin or self._known.setdefault(source, Origin(source))


class Layers:
    """Values of one node (or of one of its sections): its own, then those of `defaults`, then the built-in ones.

    Args:
        path: of the node's section in the file: `nodes.a1.ssh`.
        own: the values in this section.
        shared: the values in the same section of `defaults`.
        shared_path: `defaults.ssh`.
        origins: gets the origin of every value.
    """

    def __init__(
        self, path: str, own: dict[str, Any], shared: dict[str, Any], shared_path: str, origins: Origins
    ) -> None:
        self._path = path
        self._own = own
        self._shared = shared
        self._shared_path = shared_path
        self._origins = origins

    def get(self, name: str, built_in: Any, why: str = "") -> Any:
        """The value of a key; `why` explains the built-in value."""
        path = f"{self._path}.{name}"
        # Each look-up notes the origin too: `inventory show --full` says where every value comes from.
        if name in self._own:
            self._origins.written(path)
            return self._own[name]
        if name in self._shared:
            self._origins.derived(path, f"defaults at {self._origins.place(f'{self._shared_path}.{name}')}")
            return self._shared[name]
        self._origins.derived(path, f"{BUILT_IN} ({why})" if why else BUILT_IN)
        return built_in

    def has(self, name: str) -> bool:
        """Whether the operator wrote the key, here or in `defaults`."""
        return name in self._own or name in self._shared

    def source(self, name: str) -> str:
        """The path in the file where the operator wrote the key; otherwise the node's own path."""
        if name not in self._own and name in self._shared:
            return f"{self._shared_path}.{name}"
        return f"{self._path}.{name}"

    def section(self, name: str) -> Layers:
        """The layers of a section inside this one."""
        own, shared = self._own.get(name, {}), self._shared.get(name, {})
        return Layers(f"{self._path}.{name}", own, shared, f"{self._shared_path}.{name}", self._origins)
