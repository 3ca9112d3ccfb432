"""Progress of a run: a bar on a terminal, one JSON object per line elsewhere."""

import json
import os
import sys
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import TypeVar

from tqdm import tqdm

Item = TypeVar("Item")
_INTERVAL_SECONDS = 30.0
"""Seconds between two progress lines where there is no terminal."""

_IS_MAIN = os.environ.get("RANK", "0") == "0"
"""Of the processes that train together, only the first one logs."""


def announce(event: str, **details: object) -> None:
    """Logs an event: words on a terminal, a JSON line elsewhere."""
    if not _IS_MAIN:
        return
    if sys.stderr.isatty():
        text = "  ".join(f"{name} {value}" for name, value in details.items())
        tqdm.write(f"{event}: {text}", file=sys.stderr)
    else:
        at = datetime.now(UTC).isoformat(timespec="seconds")
        print(json.dumps({"time": at, "event": event, **details}), file=sys.stderr, flush=True)


def track(items: Iterable[Item], total: int, name: str) -> Iterator[Item]:
    """Passes the items on and shows how many of `total` are done."""
    if not _IS_MAIN:
        yield from items
        return
    if sys.stderr.isatty():
        yield from tqdm(items, total=total, desc=name, file=sys.stderr, leave=False)
        return
    started = said = time.monotonic()
    for done, item in enumerate(items, start=1):
        yield item
        if time.monotonic() - said > _INTERVAL_SECONDS:
            said = time.monotonic()
            rate = done / (said - started)
            announce("progress", stage=name, done=done, total=total, seconds_left=round((total - done) / rate))
