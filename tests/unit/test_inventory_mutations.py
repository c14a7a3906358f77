"""Whatever becomes of a good inventory: it loads, or its problems are told."""

import re
from pathlib import Path
from typing import Any

import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from inventory_fakes import ALONE, COMPONENTS, GOOD

from fatecloud.errors import InventoryError
from fatecloud.inventory.loader import load
from fatecloud.model.cluster import Cluster

FRAGMENTS = st.sampled_from(
    [
        *":-[]{}'\"#&*!|>%@`,?~01é\t\n\r\\\0\N{BYTE ORDER MARK}",
        *("null", "true", "1e9", "2024-01-01", "0x1f", "<<: ", "&a ", "*a", "!!int ", "---\n", "...\n", "  ", "\n\n"),
        *(
            "local",
            "none",
            "supervisor",
            "standalone",
            "eggroll",
            "external",
            "secret",
            "9999",
            '"10000"',
            "a1",
            "[a1]",
        ),
    ]
)
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=12), st.sampled_from(["a1", "local", "none"])
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(SCALARS, inner, max_size=3), max_leaves=6
)
LINE = re.compile(r"\S+inventory\.yml:\d+:\d+: \S[^\x00-\x1f]+")
FEW = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def outcome(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8", errors="surrogatepass", newline="")
    try:
        cluster = load(file, components=COMPONENTS)
    except InventoryError as error:
        message = error.message
    else:
        assert isinstance(cluster, Cluster)
        assert cluster.parties
        return
    assert all(LINE.fullmatch(line) for line in message.split("\n")), message


@FEW
@given(
    st.sampled_from([GOOD, ALONE]), st.lists(st.tuples(st.integers(0, 700), st.integers(0, 20), FRAGMENTS), max_size=4)
)
@example(GOOD, [(0, 0, "\ud800")])
def test_cut_and_pasted_text(tmp_path: Path, text: str, edits: list[tuple[int, int, str]]) -> None:
    for start, length, fragment in edits:
        text = text[:start] + fragment + text[start + length :]
    outcome(tmp_path / "inventory.yml", text)


@FEW
@given(st.data())
def test_values_of_other_types(tmp_path: Path, data: st.DataObject) -> None:
    document: Any = yaml.safe_load(GOOD)
    for _ in range(data.draw(st.integers(1, 3))):
        branch = document
        while True:
            key = data.draw(st.sampled_from(sorted(branch, key=str)))
            if not isinstance(branch[key], dict) or not branch[key] or data.draw(st.booleans()):
                break
            branch = branch[key]
        change = data.draw(st.sampled_from(["replace", "remove", "rename"]))
        if change == "replace":
            branch[key] = data.draw(VALUES)
        elif change == "rename":
            branch[data.draw(SCALARS)] = branch.pop(key)
        elif len(branch) > 1:
            del branch[key]
    outcome(tmp_path / "inventory.yml", yaml.safe_dump(document, allow_unicode=True))
