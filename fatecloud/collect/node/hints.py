"""Types for annotations. They are not evaluated on a node, where `typing` would cost 6 ms of CPU at every start."""

TYPE_CHECKING = False  # type checkers take it for True under this name, in any module
if TYPE_CHECKING:
    from typing import Any, Callable, Collection, Dict, Iterator, List, NoReturn, Optional, Sequence, Set, Tuple
else:

    class _Hint:
        """Replaces each of them, with anything in its brackets."""

        def __getitem__(self, _: object) -> "_Hint":
            return self

    Any = Callable = Collection = Dict = Iterator = List = NoReturn = Optional = Sequence = Set = Tuple = _Hint()

__all__ = [
    "Any",
    "Callable",
    "Collection",
    "Dict",
    "Iterator",
    "List",
    "NoReturn",
    "Optional",
    "Sequence",
    "Set",
    "Tuple",
]
