"""What is sent to nodes is compared with the release's lock first, once for all nodes of a run."""

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail
from modules import action

sending = action("fatecloud_artifacts")
CONTENT = b"bytes of a wheel" * 100


def an_artifact(folder: Path, content: bytes = CONTENT) -> dict[str, Any]:
    path = folder / "a-1-py3-none-any.whl"
    path.write_bytes(content)
    return {"sha256": hashlib.sha256(CONTENT).hexdigest(), "path": str(path), "size": len(content)}


def test_a_damaged_file_is_named_before_it_is_sent(tmp_path: Path) -> None:
    damaged = an_artifact(tmp_path, CONTENT.swapcase())
    with pytest.raises(AnsibleActionFail, match=r"a-1-py3-none-any\.whl is damaged: run `fatecloud release verify`"):
        sending.require_whole(str(tmp_path), [damaged])


def test_a_whole_file_is_read_once_for_all_nodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = an_artifact(tmp_path)
    sending.require_whole(str(tmp_path), [whole])
    monkeypatch.setattr(sending.hashlib, "sha256", None)
    sending.require_whole(str(tmp_path), [whole])


def test_a_file_that_changed_since_is_read_again(tmp_path: Path) -> None:
    whole = an_artifact(tmp_path)
    sending.require_whole(str(tmp_path), [whole])
    state = Path(whole["path"]).stat()
    Path(whole["path"]).write_bytes(CONTENT.swapcase())
    os.utime(whole["path"], ns=(state.st_atime_ns, state.st_mtime_ns + 1))
    with pytest.raises(AnsibleActionFail, match="is damaged"):
        sending.require_whole(str(tmp_path), [whole])
