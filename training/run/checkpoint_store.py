"""The checkpoint store keeps checkpoints and tokenized rows, in a folder or under a prefix of an S3 bucket.

A key holds a whole file or nothing, whenever the process is killed. A newer file replaces an older one.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from errors import MissingKeyError, StoreError
from storage import Bucket, open_location, probe_folder


class CheckpointStore(Protocol):
    """Files under keys with forward slashes."""

    location: str

    def probe(self) -> None:
        """Raises StoreError unless files can be written."""

    def count_free(self) -> float:
        """Bytes that still fit."""

    def stage(self, owner: str) -> Iterator[Path]:
        """A new folder to prepare files in; use it through `staging_folder`."""

    def put(self, key: str, source: Path) -> None:
        """Moves a staged file to its key."""

    def fetch(self, key: str, folder: Path) -> Path | None:
        """A local file with the key's content, in `folder` if it had to be loaded; None where the key holds nothing."""

    def list_keys(self, prefix: str) -> list[str]:
        """The keys that begin with the prefix."""

    def remove(self, keys: list[str]) -> None:
        """Deletes the keys."""


@contextmanager
def staging_folder(store: CheckpointStore, owner: str) -> Iterator[Path]:
    """A folder to prepare files in before they are put into the store; what is left in it is deleted.

    Args:
        store: where the files will be put.
        owner: who prepares them; what an owner's killed run left is deleted too.
    """
    yield from store.stage(owner)


class FolderCheckpointStore:
    """A checkpoint store in a plain folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.location = str(folder)

    def probe(self) -> None:
        probe_folder(self.folder, "CHECKPOINT_PATH")

    def count_free(self) -> float:
        return shutil.disk_usage(self.folder).free

    def stage(self, owner: str) -> Iterator[Path]:
        for left in self.folder.glob(f".staged-{owner}-*"):
            shutil.rmtree(left, ignore_errors=True)
        with tempfile.TemporaryDirectory(prefix=f".staged-{owner}-", dir=self.folder) as place:
            yield Path(place)

    def put(self, key: str, source: Path) -> None:
        target = self.folder / key
        target.parent.mkdir(parents=True, exist_ok=True)
        source.replace(target)

    def fetch(self, key: str, folder: Path) -> Path | None:
        path = self.folder / key
        return path if path.is_file() else None

    def list_keys(self, prefix: str) -> list[str]:
        files = (path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*") if path.is_file())
        return sorted(key for key in files if key.startswith(prefix))

    def remove(self, keys: list[str]) -> None:
        for key in keys:
            path = self.folder / key
            path.unlink(missing_ok=True)
            if not any(path.parent.iterdir()):
                path.parent.rmdir()


class S3CheckpointStore:
    """A checkpoint store under a prefix of an S3 bucket; large files travel in parallel parts."""

    def __init__(self, bucket: str, prefix: str) -> None:
        self._bucket, self._prefix = Bucket(bucket), prefix.strip("/")
        self.location = f"s3://{bucket}/{self._prefix}".rstrip("/")

    def probe(self) -> None:
        self._bucket.probe(self._key(".probe"))

    def count_free(self) -> float:
        return float("inf")

    def stage(self, owner: str) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix=f"staged-{owner}-") as place:
            yield Path(place)

    def put(self, key: str, source: Path) -> None:
        from boto3.exceptions import Boto3Error  # noqa: PLC0415  (a second of start-up that a folder does not need)

        try:
            self._bucket.call("upload_file", key, Filename=str(source), Key=self._key(key))
        except Boto3Error as error:
            raise StoreError(f"{self.location}/{key}: {error}.") from error

    def fetch(self, key: str, folder: Path) -> Path | None:
        target = folder / key.replace("/", "-")
        try:
            self._bucket.call("download_file", key, Filename=str(target), Key=self._key(key))
        except MissingKeyError:
            return None
        return target

    def list_keys(self, prefix: str) -> list[str]:
        keys: list[str] = []
        rest: dict[str, str] = {}
        while True:
            listed = self._bucket.call("list_objects_v2", prefix, Prefix=self._key(prefix), **rest)
            keys += [found["Key"].removeprefix(self._key("")) for found in listed.get("Contents", [])]
            if not listed["IsTruncated"]:
                return keys
            rest = {"ContinuationToken": listed["NextContinuationToken"]}

    def remove(self, keys: list[str]) -> None:
        for key in keys:
            self._bucket.call("delete_object", key, Key=self._key(key))

    def _key(self, key: str) -> str:
        return f"{self._prefix}/{key}" if self._prefix else key


def open_checkpoint_store(uri: str, problems: list[str]) -> CheckpointStore | None:
    """The checkpoint store at a folder path, a file: URL or s3://bucket/prefix, or None for anything else.

    Adds to `problems` if there is none or if it cannot be written.
    """
    kinds: tuple[Callable[[Path], CheckpointStore], Callable[[str, str], CheckpointStore]] = (
        FolderCheckpointStore,
        S3CheckpointStore,
    )
    return open_location("CHECKPOINT_PATH", uri, *kinds, problems)


def check_free_space(store: CheckpointStore, weights: Path, problems: list[str]) -> None:
    """Adds to `problems` if the checkpoints of a model as large as the pretrained one do not fit.

    A checkpoint holds the weights, the best weights and two moments of each; it stays until the next one is whole.
    """
    needed, free = 2 * 4 * weights.stat().st_size, store.count_free()
    if needed > free:
        problems.append(
            f"{store.location} has {free / 1e9:.1f} GB free, but checkpoints take {needed / 1e9:.1f} GB; make room or "
            "name another place in CHECKPOINT_PATH."
        )
