"""The folder of the pretrained BERT: whether it is one, before any expensive work."""

import json
from pathlib import Path
from typing import Any

from data.tokenizer import REQUIRED, list_other_parts, load_tokenizer
from errors import InputError
from storage import explain_unreadable, hash_file

FILES = ("config.json", "model.safetensors", "tokenizer.json", "vocab.txt")


def check_base(folder: Path, problems: list[str]) -> bool:
    """Whether the folder is a pretrained BERT that can be trained and served; adds to `problems` why it is not."""
    found = _list_faults(folder)
    problems.extend(found)
    return not found


def _list_faults(folder: Path) -> list[str]:
    if refusal := next(filter(None, map(explain_unreadable, (folder, *(folder / name for name in FILES)))), None):
        return [refusal]
    if not folder.is_dir():
        return [
            f"{folder}: no such folder; BERT_PATH must hold a pretrained BERT (config.json, model.safetensors and "
            f'tokenizer.json or vocab.txt), mounted with -v "<folder>:{folder.parent}" in a container.'
        ]
    lacking = [name for name in FILES[:2] if not (folder / name).is_file()]
    if not any((folder / name).is_file() for name in FILES[2:]):
        lacking.append("tokenizer.json or vocab.txt")
    if lacking:
        return [f"{folder}: {', '.join(lacking)} missing from the pretrained BERT."]
    try:
        config: dict[str, Any] = json.loads((folder / "config.json").read_text("utf-8"))
    except ValueError as error:
        return [f"{folder / 'config.json'} is not JSON: {error}."]
    return _list_other_kinds(folder, config) or _list_faults_of_vocabulary(folder, config)


def _list_other_kinds(folder: Path, config: dict[str, Any]) -> list[str]:
    """What the configuration has that BERT has not; old ones do not name their type."""
    wanted = {"model_type": "bert", "position_embedding_type": "absolute"}
    return [
        f"{folder}: config.json says {field} {config[field]}; only {value} can be trained here."
        for field, value in wanted.items()
        if config.get(field, value) != value
    ]


def _list_faults_of_vocabulary(folder: Path, config: dict[str, Any]) -> list[str]:
    try:
        tokenizer = load_tokenizer(folder)
    except InputError as error:
        return error.sentences
    faults = [f"{folder}: {sentence}" for sentence in list_other_parts(tokenizer)]
    ids, rows = tokenizer.get_vocab(), config.get("vocab_size", 0)
    if lost := [token for token in REQUIRED if token not in ids]:
        faults.append(f"{folder}: the tokenizer lacks {', '.join(lost)}.")
    if (last := max(ids.values())) >= rows:
        faults.append(f"{folder}: the tokenizer has ids up to {last}, and config.json says vocab_size {rows}.")
    return faults


def describe_base(folder: Path) -> dict[str, str]:
    """Name and SHA-256 of the pretrained weights."""
    return {"name": folder.name, "sha256": hash_file(folder / "model.safetensors")}
