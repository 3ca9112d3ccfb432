"""Publishers of the campaign: each publishes a version of its own by the code of training, and may make it current.

PYTHONPATH=training python publisher.py '{"uri": …, "source": …, "numbers": […], "promote": true}' writes the line
`begun`, and one of JSON for each number.
"""

import json
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from errors import ConflictError
from release.digest import compute_digest
from release.publication import promote, publish
from release.store import Store, open_store


@dataclass
class Recorder:
    """A store that remembers the pointer it was asked to write.

    Attributes:
        store: where everything goes.
        written: the last pointer.
        location: the store's.
    """

    store: Store
    written: dict[str, Any]
    location: str

    def probe(self) -> None:
        self.store.probe()

    def read(self, key: str) -> tuple[bytes, str] | None:
        return self.store.read(key)

    def create(self, key: str, source: Path) -> None:
        self.store.create(key, source)

    def replace(self, key: str, content: bytes, tag: str | None) -> None:
        self.written = json.loads(content)
        self.store.replace(key, content, tag)


def race(store: Store, source: Path, number: int, makes_current: bool) -> dict[str, Any]:
    """Publishes one version and tells what came of it."""
    manifest = json.loads((source / "template.json").read_text())

    def describe(now: datetime) -> dict[str, Any]:
        # Two publishers have the same ending, so that names are taken in the same second.
        described = {**manifest, "version": f"{now:%Y%m%dT%H%M%SZ}-{number // 2:07x}"}
        return {**described, "digest": compute_digest(described)}

    folder = source / f"publisher-{number}"
    folder.mkdir(exist_ok=True)
    for file in manifest["files"]:
        (folder / file["path"]).write_bytes((source / file["path"]).read_bytes())
    published = publish(store, folder, describe)
    told: dict[str, Any] = {"number": number, "version": published["version"]}
    if not makes_current:
        return {**told, "outcome": "published"}
    recorder = Recorder(store, {}, store.location)
    try:
        promote(recorder, published)
    except ConflictError:
        return {**told, "outcome": "conflict"}
    return {**told, "outcome": "won", "previous": recorder.written.get("previous", [None])[0]}


def main(told: dict[str, Any]) -> None:
    """Publishes all the numbers, one after the other."""
    problems: list[str] = []
    store = open_store(told["uri"], problems)
    if store is None or problems:
        raise SystemExit("\n".join(problems))
    print("begun", flush=True)
    for number in told["numbers"]:
        print(json.dumps(race(store, Path(told["source"]), number, told["promote"])), flush=True)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
