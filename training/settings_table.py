"""Writes the table of training settings in docs/settings.md anew: `python training/settings_table.py`."""

from dataclasses import fields
from pathlib import Path

from settings import Settings

PAGE = Path(__file__).resolve().parents[1] / "docs" / "settings.md"
_BEGIN, _END = "<!-- training settings: begin -->\n", "<!-- training settings: end -->"
_WORDS = {"True": "`on`", "False": "`off`", "": "none"}


def render_table() -> str:
    """One row for each setting: environment variable, default and meaning, in the order of `--help`."""
    rows = ["| variable | default | meaning |", "| --- | --- | --- |"]
    for setting in fields(Settings):
        default = str(setting.default).replace(str(Path.home()), "~")
        rows.append(
            f"| `{setting.name.upper()}` | {_WORDS.get(default, f'`{default}`')} | {setting.metadata['help']} |"
        )
    return "\n".join(rows) + "\n"


def replace_table(text: str) -> str:
    """The page with a fresh table between its two marks."""
    before, rest = text.split(_BEGIN)
    _, after = rest.split(_END)
    return before + _BEGIN + render_table() + _END + after


if __name__ == "__main__":
    PAGE.write_text(replace_table(PAGE.read_text("utf-8")), "utf-8")
