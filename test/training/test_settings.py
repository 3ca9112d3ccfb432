"""Settings come from flags, variables and defaults, and README.md lists all of them."""

from pathlib import Path

import pytest

from errors import STOPPED_EXIT_CODE
from settings import Settings, describe_settings, read_settings

README = (Path(__file__).parents[2] / "training" / "README.md").read_text("utf-8")


def test_the_readme_has_the_table_of_settings() -> None:
    told = README.split("<!-- settings: python training/settings.py -->\n")[1].split("\n<!-- end of settings -->")[0]
    assert told == describe_settings(), "put the output of python training/settings.py between the two comments"


def test_the_readme_names_the_code_that_batch_repeats() -> None:
    job = (Path(__file__).parents[2] / "infra" / "training" / "job.yml").read_text("utf-8")
    assert f"{{OnExitCode: '{STOPPED_EXIT_CODE}', Action: RETRY}}" in job
    assert f"| {STOPPED_EXIT_CODE} | stopped by SIGTERM or a Spot notice" in README


def test_a_flag_wins_over_the_variable_and_the_variable_over_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EPOCHS", "3")
    monkeypatch.setenv("PROMOTE", "true")
    settings = read_settings(["--epochs", "5"])
    assert (settings.epochs, settings.promote, settings.seed) == (5, True, Settings().seed)
    assert read_settings([]).epochs == 3


def test_a_variable_that_does_not_parse_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EPOCHS", "many")
    with pytest.raises(SystemExit, match="2"):
        read_settings([])
    assert "environment variable EPOCHS: 'many' is not int" in capsys.readouterr().err


def test_no_path_of_this_machine_is_recorded() -> None:
    settings = Settings(
        training_file="/some/a.csv,/other/b.csv.gz",
        repeat="/some/manifest.json",
        checkpoint_path="s3://bucket/checkpoints",
    )
    recorded = settings.recorded()
    assert recorded["TRAINING_FILE"] == "a.csv,b.csv.gz"
    assert not any("/" in value for value in recorded.values() if isinstance(value, str))


def test_where_and_how_often_do_not_decide_the_weights() -> None:
    other = Settings(model_path="x", checkpoint_path="y", checkpoint_seconds=1, repeat="z", promote=True)
    assert other.decisive() == Settings().decisive()
    assert Settings(seed=1).decisive() != Settings().decisive()
