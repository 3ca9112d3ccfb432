"""The classification layer that a base already has: which of its rows answer for which class."""

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import safe_open

_WEIGHTS = "model.safetensors"


@dataclass(frozen=True)
class BaseHead:
    """The classification layer of a base.

    Attributes:
        names: its class names in logit order, in lower case; generic ones (`label_0`) if the base names none.
        weight, bias: float32 [classes, hidden size] and [classes].
    """

    names: tuple[str, ...]
    weight: torch.Tensor
    bias: torch.Tensor

    def find_rows(self, classes: tuple[str, ...]) -> list[int | None]:
        """The row of each class: by its name, or by its place in a layer of as many unnamed classes; None: none."""
        if all(name.startswith("label_") for name in self.names) and len(self.names) == len(classes):
            return list(range(len(classes)))
        return [self.names.index(name) if name in self.names else None for name in classes]


def read_head(folder: Path) -> BaseHead | None:
    """The base's classification layer, or None if it has none."""
    with safe_open(folder / _WEIGHTS, "pt") as tensors:
        if "classifier.weight" not in tensors.keys():  # noqa: SIM118  (no dict)
            return None
        weight, bias = tensors.get_tensor("classifier.weight"), tensors.get_tensor("classifier.bias")
    named = json.loads((folder / "config.json").read_text("utf-8")).get("id2label", {})
    names = tuple(str(named.get(str(row), f"LABEL_{row}")).lower() for row in range(len(bias)))
    return BaseHead(names, weight.float(), bias.float())


def check_head(folder: Path, classes: tuple[str, ...], problems: list[str]) -> None:
    """Adds to `problems` unless the base has the classification layer that publishing without training needs."""
    head = read_head(folder)
    if head is None:
        problems.append(f"EPOCHS=0 publishes weights as they are, and {folder / _WEIGHTS} has no classification layer.")
    elif len(head.names) != len(classes) or None in head.find_rows(classes):
        problems.append(
            f"EPOCHS=0 publishes weights as they are: {folder} answers {', '.join(head.names)}, and the rows of "
            f"TRAINING_FILE are {', '.join(classes)}; give rows of the same classes, or train."
        )


def arrange_head(layer: torch.nn.Linear, folder: Path, classes: tuple[str, ...]) -> None:
    """Gives each class the row that the base's own classification layer has for it, if it has one.

    A class that the base lacks starts at the mean of the others, so that it is as likely as they are. A layer that
    has none of them changes nothing.
    """
    head = read_head(folder)
    rows = head.find_rows(classes) if head else []
    kept = [row for row in rows if row is not None]
    if head is None or not kept:
        return
    with torch.no_grad():
        for target, source in ((layer.weight, head.weight), (layer.bias, head.bias)):
            mean = source[kept].mean(dim=0)
            target.copy_(torch.stack([mean if row is None else source[row] for row in rows]))
