"""The table of training settings in docs/settings.md is the one that the code has."""

from settings_table import PAGE, replace_table


def test_the_page_lists_every_setting_with_its_default_and_meaning() -> None:
    text = PAGE.read_text("utf-8")
    assert replace_table(text) == text
