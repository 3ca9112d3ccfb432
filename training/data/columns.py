"""Which columns of a file hold the text and the label."""

from dataclasses import dataclass

TEXT_NAMES = ("review", "text", "sentence", "tweet", "content")
LABEL_NAMES = ("sentiment", "label", "polarity")


@dataclass(frozen=True)
class Columns:
    """The columns of a file.

    Attributes:
        names: all of them in order.
        text: place of the text.
        label: place of the label; None where there is none.
    """

    names: list[str]
    text: int
    label: int | None


def has_probabilities(names: list[str]) -> bool:
    """Whether there are columns with the probabilities of classes, as `npm run score` writes them."""
    return {"negative", "positive"} <= {name.lower() for name in names}


def find_columns(names: list[str], text_column: str, label_column: str) -> tuple[Columns, list[str]]:
    """The columns, and what is wrong with them: one sentence for each, without the name of the file.

    Args:
        names: as the file has them.
        text_column: name of the text's column, or several separated by commas; empty: one of TEXT_NAMES, in any case.
        label_column: the same of the label; empty: one of LABEL_NAMES, in any case, or none.
    """
    texts = _find(names, text_column, TEXT_NAMES)
    labels = _find(names, label_column, LABEL_NAMES)
    taught = has_probabilities(names)
    if taught and (len(labels) > 1 or not label_column):
        # With the probabilities beside it, `label` is the model's answer.
        labels = [place for place in labels if names[place] != "label"]
    problems = _explain_twins(names)
    if len(texts) != 1 and not problems:
        problems.append(_explain(names, texts, "text", text_column, TEXT_NAMES))
    if len(labels) > 1 or (label_column and not labels and not taught):
        problems.append(_explain(names, labels, "label", label_column, LABEL_NAMES))
    return Columns(names, texts[0] if texts else 0, labels[0] if labels else None), problems


def explain_missing_label(names: list[str], label_column: str) -> str:
    """What to do about a file that needs a label and has no column for it, without the name of the file."""
    return _explain(names, [], "label", label_column, LABEL_NAMES)


def _explain_twins(names: list[str]) -> list[str]:
    twins = dict.fromkeys(name for place, name in enumerate(names) if name and name in names[:place])
    return [f"the column {name} is there twice; rename one." for name in twins]


def _find(names: list[str], wanted: str, usual: tuple[str, ...]) -> list[int]:
    if wanted and wanted in names:
        return [names.index(wanted)]
    sought = wanted.lower().split(",") if wanted else usual
    return [place for place, name in enumerate(names) if name.lower() in sought]


def _explain(names: list[str], found: list[int], use: str, wanted: str, usual: tuple[str, ...]) -> str:
    if found:
        several = " and ".join(names[place] for place in found)
        return f"the columns {several} may each hold the {use}; name one with --{use}-column."
    named = wanted or f"{', '.join(usual[:-1])} or {usual[-1]}"
    listed = ", ".join(names) or "none"
    return f"no column {named}; the columns found are: {listed}; name the one with the {use} with --{use}-column."
