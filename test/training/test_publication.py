"""The pointer that `--promote` moves."""

import json
from pathlib import Path
from typing import Any

import pytest

from errors import StoreError
from release.publication import promote
from release.store import FolderStore

FIRST, SECOND = "20261101T000000Z-aaaaaaa", "20261102T000000Z-bbbbbbb"


def read(folder: Path) -> dict[str, Any]:
    pointer: dict[str, Any] = json.loads((folder / "current.json").read_text())
    return pointer


def test_the_first_version_has_no_history(tmp_path: Path) -> None:
    promote(FolderStore(tmp_path), {"version": FIRST})
    assert read(tmp_path)["manifest"] == {"version": FIRST}
    assert "previous" not in read(tmp_path)


def test_versions_that_were_current_stay_known(tmp_path: Path) -> None:
    for version in (FIRST, SECOND, FIRST):
        promote(FolderStore(tmp_path), {"version": version})
    assert read(tmp_path)["version"] == FIRST
    assert read(tmp_path)["previous"] == [SECOND]


def test_a_withdrawn_version_that_is_promoted_is_withdrawn_no_more(tmp_path: Path) -> None:
    (tmp_path / "current.json").write_text(json.dumps({"schema": 1, "version": FIRST, "withdrawn": [SECOND]}))
    promote(FolderStore(tmp_path), {"version": SECOND})
    assert "withdrawn" not in read(tmp_path)


def test_a_promotion_ends_a_canary(tmp_path: Path) -> None:
    canary = {"schema": 1, "version": FIRST, "candidate": {"version": SECOND, "share": 10}}
    (tmp_path / "current.json").write_text(json.dumps(canary))
    promote(FolderStore(tmp_path), {"version": SECOND})
    assert "candidate" not in read(tmp_path)


def test_a_hold_is_not_overruled(tmp_path: Path) -> None:
    held = {"schema": 1, "version": FIRST, "hold": {"since": "2026-11-02T00:00:00Z", "reason": "worse on tweets"}}
    (tmp_path / "current.json").write_text(json.dumps(held))
    with pytest.raises(StoreError, match=rf"held \(worse on tweets\): version {SECOND} is published, but not current"):
        promote(FolderStore(tmp_path), {"version": SECOND})
    assert read(tmp_path) == held


def test_a_pointer_that_cannot_be_read_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "current.json").write_text("{")
    with pytest.raises(StoreError, match="is not JSON"):
        promote(FolderStore(tmp_path), {"version": FIRST})
    assert (tmp_path / "current.json").read_text() == "{"
