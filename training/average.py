"""Averages the weights of versions trained from the same base, which often answers better than any one of them
("model soups", Wortsman et al., 2022, arXiv:2203.05482):

    python average.py OUT VERSION VERSION …

Each VERSION is a folder with config.json, tokenizer.json and model.safetensors. OUT then holds the same three, and
`train.py --epochs 0 --bert-path OUT` measures, proves and publishes the average.
"""

import shutil
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

KEPT = ("config.json", "tokenizer.json")
WEIGHTS = "model.safetensors"


def average(folders: list[Path], out: Path) -> None:
    """Writes the mean of the folders' tensors, with configuration and tokenizer, into a new folder.

    Raises:
        ValueError: files are missing, or the folders are not of one network; the message names all of them.
        FileExistsError: `out` is there already.
    """
    problems = [
        f"{folder}: {name} is missing."
        for folder in folders
        for name in (*KEPT, WEIGHTS)
        if not (folder / name).is_file()
    ]
    if problems:
        raise ValueError(" ".join(problems))
    different = [
        f"{folder}/{name} differs from {folders[0]}'s."
        for folder in folders[1:]
        for name in KEPT
        if (folder / name).read_bytes() != (folders[0] / name).read_bytes()
    ]
    if different:
        raise ValueError(" ".join(different))
    weights = [load_file(folder / WEIGHTS) for folder in folders]
    out.mkdir()
    save_file({name: torch.stack([one[name] for one in weights]).mean(dim=0) for name in weights[0]}, out / WEIGHTS)
    for name in KEPT:
        shutil.copy(folders[0] / name, out / name)


if __name__ == "__main__":
    try:
        average([Path(folder) for folder in sys.argv[2:]], Path(sys.argv[1]))
    except (ValueError, FileExistsError) as error:
        sys.exit(str(error))
