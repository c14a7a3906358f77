"""Nothing that was printed or left behind so far contains a secret. The name sorts this file last."""

from __future__ import annotations

import pytest
from program import Program
from two_parties import A, B, home

from fatecloud.sandbox.nodes import Sandbox
from fatecloud.vault import forms as secret_forms
from fatecloud.vault import values as vault

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600), pytest.mark.usefixtures("running")]


def test_planted_secrets_appear_nowhere_of_ours(program: Program, sandbox: Sandbox) -> None:
    values = vault.load(program.inventory).current
    assert values
    for name, value in values.items():
        written = secret_forms.forms(value) | secret_forms.cores(value)
        assert not any(form in text for text in program.said for form in written), f"{name} was printed"
        for path in program.state.rglob("*"):
            if path.is_file():
                content = path.read_bytes()
                assert not any(form.encode() in content for form in written), f"{name} is in {path}"
        for node in (A, B):
            private = f"{home(program)}/.fatecloud"
            patterns = [word for form in sorted(written) for word in ("-e", form)]
            found = sandbox.exec(node, ["grep", "-rlF", *patterns, "--", private, "/tmp", "/etc/systemd/system"]).text
            assert not found, f"{name} is in {found} on {node}"
            assert value not in sandbox.exec(node, ["ps", "axeww"]).text, f"{name} is on a command line on {node}"
