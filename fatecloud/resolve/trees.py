"""What a service sees of its release's trees."""

from __future__ import annotations

from collections.abc import Iterable

from fatecloud.model.layout import pid_of, started_of
from fatecloud.model.trees import PlacedTree, Tree, TreeUse
from fatecloud.model.wanted import Wanted
from fatecloud.resolve.context import ResolveContext


def placed_trees(context: ResolveContext, wanted: Wanted) -> tuple[PlacedTree, ...]:
    """The trees that a component wants, as its service sees them.

    Raises:
        ValueError: the release has no such tree, or what the software writes would leave the service's own directories,
            or hide a file that is rendered; with the names.
    """
    return tuple(_placed(context, use, (spec.path for spec in wanted.files)) for use in wanted.trees)


def _placed(context: ResolveContext, use: TreeUse, rendered: Iterable[str]) -> PlacedTree:
    tree = context.release.trees.get(use.name)
    if tree is None and use.name in context.release.packages:
        # Reading verbs work without a store; `workflow/stored.py` names what is missing to those that need it.
        tree = Tree(use.name, ())
    if tree is None:
        raise ValueError(f"{context.component.name}: {context.release.name} has no tree {use.name!r}")
    own = (f"{context.data}/", f"{context.logs}/", f"{context.home}/run/")
    path = context.tree(use.name)
    files = tuple(file.removeprefix(f"{path}/") for file in rendered if file.startswith(f"{path}/"))
    for inside, target in use.writes.items():
        if not f"{target}/".startswith(own) or target in (pid_of(context.home), started_of(context.home)):
            raise ValueError(f"tree {use.name}: {inside} would be {target}, which is not the service's own")
        if hidden := [file for file in files if f"{file}/".startswith(f"{inside}/")]:
            raise ValueError(f"tree {use.name}: {hidden[0]} is rendered into {inside}, which the service owns")
    return PlacedTree(tree, path, use.writes, use.copied, files)
