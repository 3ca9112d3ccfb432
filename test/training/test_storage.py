"""What is said about places that cannot be used. `npm run test:train-image` sees another user's real folder."""

import errno
import os
from pathlib import Path

import pytest

from errors import StoreError
from storage import Owner, explain_refusal, explain_unreadable, probe_folder

HERE = os.getuid()
DENIED = PermissionError(errno.EACCES, "Permission denied")


def test_a_folder_that_can_be_written_is_made_and_left_empty(tmp_path: Path) -> None:
    probe_folder(tmp_path / "data" / "models", "MODEL_PATH")
    assert list((tmp_path / "data" / "models").iterdir()) == []


def test_a_place_that_cannot_be_a_folder_is_named_with_its_setting(tmp_path: Path) -> None:
    (tmp_path / "taken").touch()
    with pytest.raises(StoreError, match=r"taken/models cannot be written .*, or name another one in MODEL_PATH\.$"):
        probe_folder(tmp_path / "taken" / "models", "MODEL_PATH")


def test_a_folder_of_another_user_comes_with_the_flag_to_run_as_that_user() -> None:
    told = explain_refusal(DENIED, Owner(Path("/home/bert/data"), HERE + 1, 17))
    assert told.startswith(f"/home/bert/data belongs to user id {HERE + 1}, and this is user id {HERE}: ")
    assert f"add --user {HERE + 1}:17 to docker run" in told
    assert f"chown -R {HERE}" in told


def test_nobody_is_told_to_run_as_root() -> None:
    told = explain_refusal(DENIED, Owner(Path("/home/bert/data"), 0, 0))
    assert "--user" not in told or HERE == 0
    assert str(HERE) in told


def test_a_read_only_mount_is_called_one() -> None:
    told = explain_refusal(OSError(errno.EROFS, "Read-only file system"), Owner(Path("/home/bert/data"), HERE, 0))
    assert told == "mount a folder that can be written, without :ro"


def test_what_can_be_read_or_is_not_there_is_no_refusal(tmp_path: Path) -> None:
    assert explain_unreadable(tmp_path) is None
    assert explain_unreadable(tmp_path / "absent.csv") is None
