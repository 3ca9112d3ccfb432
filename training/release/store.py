"""The model store that versions are published to: a folder or an S3 prefix, in the layout of docs/model-artifact.md."""

import hashlib
import os
import tempfile
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from errors import ConflictError, MissingKeyError, StoreError
from storage import Bucket, open_location, probe_folder

LOCK_SECONDS = 5.0
"""Seconds to wait for another publisher's lock. It is held for milliseconds, unless its holder was killed."""


class Store(Protocol):
    """Where versions live. Keys are relative to the store, with forward slashes."""

    location: str

    def probe(self) -> None:
        """Raises StoreError unless the store can be written."""

    def read(self, key: str) -> tuple[bytes, str] | None:
        """The bytes at a key and their tag, or None where there is nothing."""

    def create(self, key: str, source: Path) -> None:
        """Copies a file to a key that does not exist yet; raises ConflictError if it does."""

    def replace(self, key: str, content: bytes, tag: str | None) -> None:
        """Writes a key if it still has the tag that was read (None: if it does not exist), or raises ConflictError."""


class FolderStore:
    """A store in a plain folder. Files appear whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.location = str(folder)

    def probe(self) -> None:
        probe_folder(self.folder, "MODEL_PATH")

    def read(self, key: str) -> tuple[bytes, str] | None:
        try:
            content = (self.folder / key).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreError(f"{self.location}/{key} cannot be read ({error.strerror}).") from error
        return content, hashlib.sha256(content).hexdigest()

    def create(self, key: str, source: Path) -> None:
        fresh = self._write_temporary(key, source.read_bytes())
        try:
            # Unlike a rename, a link refuses a name that is taken.
            os.link(fresh, self.folder / key)
        except FileExistsError as error:
            raise ConflictError(f"{self.location}/{key} exists already; versions never change.") from error
        finally:
            fresh.unlink()

    def replace(self, key: str, content: bytes, tag: str | None) -> None:
        path = self.folder / key
        fresh, lock = self._write_temporary(key, content), path.with_name(f".{path.name}.lock")
        changed = ConflictError(f"{self.location}/{key} was changed by another publisher; nothing was overwritten.")
        try:
            if tag is None:
                # Another publisher may create it without a lock.
                os.link(fresh, path)
                return
            self._lock(fresh, lock)
            found = self.read(key)
            if (found[1] if found else None) != tag:
                lock.unlink()
                raise changed
            # Writes and unlocks in one step. A lock that is gone was taken from a publisher that seemed dead.
            lock.replace(path)
        except (FileExistsError, FileNotFoundError) as error:
            raise changed from error
        finally:
            fresh.unlink()

    def _lock(self, fresh: Path, lock: Path) -> None:
        """Takes the lock, that of a killed publisher too.

        Time is measured here, since a file server's clock may be another.
        """
        started = since = time.monotonic()
        seen: tuple[int, int] | None = None
        while time.monotonic() - started < 2 * LOCK_SECONDS:
            with suppress(FileExistsError):
                return os.link(fresh, lock)
            holder = _identify(lock)
            if holder != seen:
                seen, since = holder, time.monotonic()
            elif holder is not None and time.monotonic() - since >= LOCK_SECONDS:
                _break_lock(lock, holder)
            time.sleep(0.05)
        raise ConflictError(f"{lock} is held by other publishers, one after the other; nothing was overwritten.")

    def _write_temporary(self, key: str, content: bytes) -> Path:
        path = self.folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".partial")
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(handle)
        Path(name).chmod(0o644)
        return Path(name)


def _identify(lock: Path) -> tuple[int, int] | None:
    """Tells one lock from the next, since a file's number is used again; None where there is no lock."""
    try:
        found = lock.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_ctime_ns


def _break_lock(lock: Path, holder: tuple[int, int]) -> None:
    """Removes the lock if it is still this one; it gets another name first, so that only one publisher removes it."""
    if _identify(lock) != holder:
        return
    broken = lock.with_name(f"{lock.name}.{uuid.uuid4()}")
    with suppress(FileNotFoundError):
        lock.rename(broken)
        broken.unlink()


class S3Store:
    """A store under a prefix of an S3 bucket."""

    def __init__(self, bucket: str, prefix: str) -> None:
        self._bucket, self._prefix = Bucket(bucket), prefix.strip("/")
        self.location = f"s3://{bucket}/{self._prefix}".rstrip("/")

    def probe(self) -> None:
        for folder in ("versions", "rejected"):
            self._bucket.probe(self._key(f"{folder}/.probe"))

    def read(self, key: str) -> tuple[bytes, str] | None:
        try:
            chunks, _, tag = self._bucket.read(self._key(key))
        except MissingKeyError:
            return None
        return b"".join(chunks), tag

    def create(self, key: str, source: Path) -> None:
        with source.open("rb") as body:
            self._put(key, body, {"IfNoneMatch": "*"})

    def replace(self, key: str, content: bytes, tag: str | None) -> None:
        try:
            self._put(key, content, {"IfMatch": tag} if tag else {"IfNoneMatch": "*"})
        except ConflictError:
            # A first try may have written although its answer was lost; the next one then met its own text.
            found = self.read(key)
            if found is None or found[0] != content:
                raise

    def _put(self, key: str, body: object, condition: dict[str, str]) -> None:
        full = self._key(key)
        self._bucket.call("put_object", full, Key=full, Body=body, ChecksumAlgorithm="SHA256", **condition)

    def _key(self, key: str) -> str:
        return f"{self._prefix}/{key}" if self._prefix else key


def open_store(uri: str, problems: list[str]) -> Store | None:
    """The store at a folder path, a file: URL or s3://bucket/prefix, or None for anything else.

    Adds to `problems` if there is none or if it cannot be written.
    """
    kinds: tuple[Callable[[Path], Store], Callable[[str, str], Store]] = FolderStore, S3Store
    return open_location("MODEL_PATH", uri, *kinds, problems)
