"""Versions on their way into the store: created whole, and never changed."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from errors import ConflictError
from run.progress import announce
from store import Store

Manifest = dict[str, Any]

Describe = Callable[[datetime], Manifest]
"""Gives the folder's manifest at a moment, which is part of the version's name."""


def _read_clock() -> datetime:
    return datetime.now(UTC)


def publish(store: Store, folder: Path, describe: Describe, clock: Callable[[], datetime] = _read_clock) -> Manifest:
    """Uploads the folder as a new version and returns its manifest.

    Raises:
        StoreError: the store refused a file.
    """
    return _create(store, folder, "versions", lambda: (describe(clock()), {}))


def reject(store: Store, folder: Path, describe: Describe, reasons: list[str]) -> Manifest:
    """Keeps a candidate that failed under rejected/, with reason.json, for whoever wants to look at it.

    Raises:
        StoreError: the store refused a file.
    """

    def explain() -> tuple[Manifest, Manifest]:
        manifest = describe(_read_clock())
        told = {"schema": 1, "version": manifest["version"], "rejectedAt": manifest["createdAt"], "reasons": reasons}
        return manifest, {"reason.json": told}

    return _create(store, folder, "rejected", explain)


def _create(
    store: Store, folder: Path, shelf: str, describe: Callable[[], tuple[Manifest, Manifest]], attempts: int = 5
) -> Manifest:
    """Uploads; a name that another job took in the same second is left to it, and a later second's is used."""
    manifest, others = describe()
    try:
        upload(store, folder, f"{shelf}/{manifest['version']}", {**others, "manifest.json": manifest})
        return manifest
    except ConflictError:
        if attempts == 1:
            raise
    announce("taken", version=manifest["version"])
    time.sleep(1)
    return _create(store, folder, shelf, describe, attempts - 1)


def upload(store: Store, folder: Path, root: str, texts: Manifest) -> None:
    """Creates every file of the version, its manifest last: until it exists, the version does not."""
    for file in texts["manifest.json"]["files"]:
        store.create(f"{root}/{file['path']}", folder / file["path"])
        announce("uploaded", key=f"{root}/{file['path']}", bytes=file["bytes"])
    for name, content in texts.items():
        (folder / name).write_text(json.dumps(content, indent=1, allow_nan=False), "utf-8")
        store.create(f"{root}/{name}", folder / name)
