"""What `npm run corrupt` finds in the checkpoints of a store that does wrong."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from run.checkpoint_store import FolderCheckpointStore

_PATH = Path(__file__).parents[1] / "campaigns" / "corruption" / "checkpoints.py"


@pytest.fixture(scope="module")
def campaign() -> Any:
    spec = importlib.util.spec_from_file_location("corruption_checkpoints", _PATH)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Careless(FolderCheckpointStore):
    """A store that fails over what is damaged with an error of Python's own."""

    def fetch(self, key: str, folder: Path) -> Path | None:
        path = super().fetch(key, folder)
        if path and key.endswith("latest.json") and b'"step": 5' not in path.read_bytes():
            raise KeyError("step")
        return path


def test_it_finds_nothing_in_a_folder_and_repeats_a_seed(tmp_path: Path, campaign: Any) -> None:
    results = [campaign.run_campaign(FolderCheckpointStore(tmp_path), "folder", 3, range(60)) for _ in range(2)]
    assert results[0] == results[1] and results[0]["findings"] == []
    assert results[0]["outcomes"]["folder refused"] > 40


def test_it_finds_an_error_of_no_type_of_its_own(tmp_path: Path, campaign: Any) -> None:
    found = campaign.run_campaign(Careless(tmp_path), "folder", 3, range(60))
    assert any("run/latest.json" in finding and "KeyError" in finding for finding in found["findings"])
