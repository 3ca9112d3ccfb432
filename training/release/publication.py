"""Versions on their way into the store: created whole and never changed, then made current by `current.json`."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from errors import ConflictError, StoreError
from release.store import Store
from run.progress import announce

_POINTER = "current.json"
_LONGEST_HISTORY = 20
Manifest = dict[str, Any]

Describe = Callable[[datetime], Manifest]
"""Makes the folder's manifest for a moment; the moment is part of the version's name."""


def _read_clock() -> datetime:
    return datetime.now(UTC)


def publish(store: Store, folder: Path, describe: Describe, clock: Callable[[], datetime] = _read_clock) -> Manifest:
    """Uploads the folder as a new version and returns its manifest.

    Raises:
        StoreError: the store refused a file.
    """
    return _create(store, folder, "versions", lambda: (describe(clock()), {}))


def reject(store: Store, folder: Path, describe: Describe, reasons: list[str]) -> Manifest:
    """Keeps a candidate that failed under rejected/, with reason.json, for inspection.

    Raises:
        StoreError: the store refused a file.
    """

    def explain() -> tuple[Manifest, Manifest]:
        manifest = describe(_read_clock())
        content = {"schema": 1, "version": manifest["version"], "rejectedAt": manifest["createdAt"], "reasons": reasons}
        return manifest, {"reason.json": content}

    return _create(store, folder, "rejected", explain)


def _create(
    store: Store, folder: Path, root: str, describe: Callable[[], tuple[Manifest, Manifest]], attempts: int = 5
) -> Manifest:
    """Uploads. If another job has taken the name in the same second, it takes the next second's name."""
    manifest, others = describe()
    try:
        upload(store, folder, f"{root}/{manifest['version']}", {**others, "manifest.json": manifest})
        return manifest
    except ConflictError:
        if attempts == 1:
            raise
    announce("taken", version=manifest["version"])
    time.sleep(1)
    return _create(store, folder, root, describe, attempts - 1)


def upload(store: Store, folder: Path, root: str, texts: Manifest) -> None:
    """Creates every file of the version. The manifest comes last and makes the version exist."""
    manifest = texts["manifest.json"]
    for file in [*manifest["files"], *([manifest["fp16"]] if "fp16" in manifest else [])]:
        store.create(f"{root}/{file['path']}", folder / file["path"])
        announce("uploaded", key=f"{root}/{file['path']}", bytes=file["bytes"])
    for name, content in texts.items():
        (folder / name).write_text(json.dumps(content, indent=1, allow_nan=False), "utf-8")
        store.create(f"{root}/{name}", folder / name)


def promote(store: Store, manifest: dict[str, Any]) -> None:
    """Makes a published version the current one, by compare-and-swap; versions that were current before stay known.

    Raises:
        StoreError: a person holds the pointer where it is, or it cannot be read.
        ConflictError: another publisher changed it meanwhile.
    """
    found = store.read(_POINTER)
    old = _parse_pointer(store, found[0]) if found else {}
    if "hold" in old:
        raise StoreError(
            f"{store.location}/{_POINTER} is held ({old['hold'].get('reason', 'no reason given')}): version "
            f"{manifest['version']} is published, but not current; lift the hold with `npm run model -- hold --lift`."
        )
    content = json.dumps(_make_pointer(old, manifest), indent=2).encode()
    store.replace(_POINTER, content, found[1] if found else None)


def _parse_pointer(store: Store, content: bytes) -> dict[str, Any]:
    try:
        old: dict[str, Any] = json.loads(content)
    except ValueError as error:
        raise StoreError(f"{store.location}/{_POINTER} is not JSON ({error}); it was left as it is.") from error
    return old


def _make_pointer(old: dict[str, Any], manifest: dict[str, Any]) -> dict[str, Any]:
    version, now = manifest["version"], f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    history = [old["version"], *old.get("previous", [])] if old else []
    lists = {
        "previous": [other for other in history if other != version][:_LONGEST_HISTORY],
        "withdrawn": [other for other in old.get("withdrawn", []) if other != version],
    }
    # A promotion ends a canary.
    others = {name: value for name, value in old.items() if name not in lists and name != "candidate"}
    kept = {name: versions for name, versions in lists.items() if versions}
    return {**others, "schema": 1, "version": version, "promotedAt": now, "manifest": manifest, **kept}
