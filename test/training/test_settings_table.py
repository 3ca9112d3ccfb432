"""The README's table of training settings is the one that the code has."""

from settings_table import README, replace_table


def test_the_readme_lists_every_setting_with_its_default_and_meaning() -> None:
    text = README.read_text("utf-8")
    assert replace_table(text) == text
