"""`current.json`, which names the version that is served: see docs/model-artifact.md."""

import json
from datetime import UTC, datetime
from typing import Any

from errors import StoreError
from store import Store

_KEY = "current.json"
_LONGEST_HISTORY = 20


def promote(store: Store, manifest: dict[str, Any]) -> None:
    """Makes a published version the current one, by compare-and-swap; versions that were current before stay known.

    Raises:
        StoreError: a person holds the pointer where it is, or it cannot be read.
        ConflictError: another publisher changed it meanwhile.
    """
    found = store.read(_KEY)
    old = _parse(store, found[0]) if found else {}
    if "hold" in old:
        raise StoreError(
            f"{store.location}/{_KEY} is held ({old['hold'].get('reason', 'no reason given')}): version "
            f"{manifest['version']} is published, but not current; lift the hold with `npm run model -- hold --lift`."
        )
    content = json.dumps(_succeed(old, manifest), indent=2).encode()
    store.replace(_KEY, content, found[1] if found else None)


def _parse(store: Store, content: bytes) -> dict[str, Any]:
    try:
        old: dict[str, Any] = json.loads(content)
    except ValueError as error:
        raise StoreError(f"{store.location}/{_KEY} is not JSON ({error}); it was left as it is.") from error
    return old


def _succeed(old: dict[str, Any], manifest: dict[str, Any]) -> dict[str, Any]:
    version, now = manifest["version"], f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    history = [old["version"], *old.get("previous", [])] if old else []
    lists = {
        "previous": [other for other in history if other != version][:_LONGEST_HISTORY],
        "withdrawn": [other for other in old.get("withdrawn", []) if other != version],
    }
    others = {name: value for name, value in old.items() if name not in lists}
    kept = {name: versions for name, versions in lists.items() if versions}
    return {**others, "schema": 1, "version": version, "promotedAt": now, "manifest": manifest, **kept}
