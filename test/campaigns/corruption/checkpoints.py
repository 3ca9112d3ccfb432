"""Damages one file of a checkpoint at a time and restores it: a refusal names the file, or nothing else is restored.

Prints one JSON line for every hundred cases and one with what came of all.
"""

import argparse
import json
import random
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[3] / "training"))

import torch

from errors import StoreError
from run.checkpoint_store import CheckpointStore, FolderCheckpointStore, S3CheckpointStore
from run.checkpoints import Checkpoints, Progress

RUN = "run"

Restored = dict[str, Any]

_stopped: list[int] = []
"""The signals that have told this process to stop. It then says what came of the cases so far."""


def make_trained(seed: int) -> tuple[torch.nn.Linear, torch.optim.AdamW]:
    """A layer after one step of its optimizer."""
    torch.manual_seed(seed)
    layer = torch.nn.Linear(4, 4)
    optimizer = torch.optim.AdamW(layer.parameters())
    layer(torch.ones(4)).sum().backward()
    optimizer.step()
    return layer, optimizer


def restore(store: CheckpointStore) -> Restored:
    """All that a restored checkpoint decides, as plain values."""
    layer, optimizer = make_trained(2)
    progress = Checkpoints(store, RUN).restore(layer, optimizer)
    state = optimizer.state_dict()["state"]
    return {
        **{key: value for key, value in vars(progress).items() if key != "best"},
        "best": {name: tensor.tolist() for name, tensor in progress.best.items()},
        "model": {name: tensor.tolist() for name, tensor in layer.state_dict().items()},
        "optimizer": {index: {key: value.tolist() for key, value in of.items()} for index, of in state.items()},
    }


def damage_bytes(content: bytes, draw: random.Random) -> bytes:
    """One of the kinds of damage that need no knowledge of the content."""
    if not content:
        return b"\0"
    start = draw.randrange(len(content))
    end = min(len(content), start + draw.choice((1, 8, len(content))))
    before, block, after = content[:start], content[start:end], content[end:]
    kinds: tuple[Callable[[], bytes], ...] = (
        lambda: before + bytes([content[start] ^ 1 << draw.randrange(8)]) + content[start + 1 :],
        lambda: before,
        lambda: before + after,
        lambda: before + block + block + after,
        lambda: before + bytes(len(block)) + after,
        lambda: before + draw.randbytes(len(block)) + after,
        lambda: after + block + before,
        lambda: content + draw.randbytes(draw.randrange(1, 64)),
        lambda: b"",
    )
    return draw.choice(kinds)()


STRANGE = ("null", "[]", "{}", "-1", "1e400", "NaN", '"../../etc/passwd"', "9" * 400, "[" * 99_999)


def damage_json(content: bytes, draw: random.Random) -> bytes:
    """Damage that leaves JSON, or nearly: a field is changed, removed, renamed, repeated or added."""
    root = json.loads(content)
    slots = list_slots(root)
    owner, key = draw.choice(slots)
    value = owner[key]
    kind = draw.randrange(6)
    if kind == 0:
        owner[key] = value + 1 if isinstance(value, int | float) else "@@"
    elif kind == 1:
        del owner[key]
    elif kind == 2 and isinstance(owner, dict):
        owner[key[:-1] + "x"] = owner.pop(key)
    elif kind == 3:
        other, place = draw.choice(slots)
        owner[key], other[place] = json.loads(json.dumps([other[place], owner[key]]))
    elif kind == 4 and isinstance(owner, dict):
        owner[draw.choice(("__class__", "constructor", "digest", "progress"))] = "@@"
    else:
        owner[key] = "@@"
    return json.dumps(root, indent=draw.choice((None, 1))).replace('"@@"', draw.choice(STRANGE)).encode()


def list_slots(value: Any) -> list[tuple[Any, Any]]:
    """Every field and index of a document, with its object or list."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [slot for key, inner in list(entries) for slot in ((value, key), *list_slots(inner))]


def try_case(store: CheckpointStore, key: str, sound: Restored) -> tuple[str, str | None]:
    """The class of one case, and what is wrong with it."""
    try:
        restored = restore(store)
    except StoreError as error:
        return ("refused", None) if key in str(error) else ("broken", f"the refusal does not name {key}: {error}")
    # Any other error is what is looked for.
    except Exception as error:
        return "broken", f"{type(error).__name__}: {error}"
    return ("untouched", None) if restored == sound else ("broken", f"another checkpoint: {str(restored)[:300]}")


def put(store: CheckpointStore, key: str, content: bytes, place: Path) -> None:
    (place / "put").write_bytes(content)
    store.put(key, place / "put")


def run_campaign(store: CheckpointStore, kind: str, seed: int, cases: range) -> dict[str, Any]:
    """Damages and restores; returns counts by class and findings."""
    outcomes: Counter[str] = Counter()
    findings: list[str] = []
    layer, optimizer = make_trained(1)
    progress = Progress(2, 5, 0.1 + 0.2, 4, [{"epoch": 1, "accuracy": 0.5}], ["Zen"], {"weight": torch.ones(3)})
    Checkpoints(store, RUN).save(layer, optimizer, progress)
    sound = restore(store)
    keys = store.list_keys(f"{RUN}/")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        read = {key: path.read_bytes() for key in keys if (path := store.fetch(key, place))}
        for case in cases:
            if _stopped:
                break
            draw = random.Random(f"{seed} {kind} {case}")
            key = keys[case % len(keys)]
            damage = damage_json if key.endswith(".json") and draw.random() < 0.7 else damage_bytes
            damaged = damage(read[key], draw)
            put(store, key, damaged, place)
            outcome, fault = try_case(store, key, sound)
            put(store, key, read[key], place)
            outcomes["untouched" if damaged == read[key] and not fault else outcome] += 1
            if fault:
                findings.append(f"--seed {seed}, case {case} ({kind}, {key}, {damage.__name__}): {fault[:400]}")
            if case % 100 == 99:
                print(json.dumps({"advance": 100}), flush=True)
    return {"outcomes": {f"{kind} {name}": count for name, count in outcomes.items()}, "findings": findings}


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda received, _: _stopped.append(received))
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--bucket", required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    asked = parser.parse_args()
    stores: dict[str, CheckpointStore] = {
        "folder": FolderCheckpointStore(asked.folder),
        "s3": S3CheckpointStore(asked.bucket, "checkpoints"),
    }
    half = asked.count // 2
    counts = {"folder": asked.count - half, "s3": half}
    results = [run_campaign(stores[kind], kind, asked.seed, range(count)) for kind, count in counts.items()]
    outcomes = {name: cases for result in results for name, cases in result["outcomes"].items()}
    print(json.dumps({"outcomes": outcomes, "findings": [each for result in results for each in result["findings"]]}))


if __name__ == "__main__":
    main()
