"""The model store that versions are published to: a folder or an S3 prefix, in the layout of docs/model-artifact.md."""

import os
import tempfile
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlparse


class StoreError(Exception):
    """The store cannot be read or written; the sentence says which store, which key and why."""


class ConflictError(StoreError):
    """The key exists already, or changed since it was read: another publisher was first."""


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
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.folder):
                pass
        except OSError as error:
            raise StoreError(
                f"{self.location} cannot be written ({error.strerror}); mount a folder that user id {os.getuid()} may "
                "write, or name another one in MODEL_PATH."
            ) from error

    def read(self, key: str) -> tuple[bytes, str] | None:
        path = self.folder / key
        if not path.is_file():
            return None
        return path.read_bytes(), str(path.stat().st_mtime_ns)

    def create(self, key: str, source: Path) -> None:
        fresh = self._write_aside(key, source.read_bytes())
        try:
            # Unlike a rename, a link refuses a name that is taken.
            os.link(fresh, self.folder / key)
        except FileExistsError as error:
            raise ConflictError(f"{self.location}/{key} exists already; versions never change.") from error
        finally:
            fresh.unlink()

    def replace(self, key: str, content: bytes, tag: str | None) -> None:
        found = self.read(key)
        if (found[1] if found else None) != tag:
            raise ConflictError(f"{self.location}/{key} was changed by another publisher; nothing was overwritten.")
        self._write_aside(key, content).replace(self.folder / key)

    def _write_aside(self, key: str, content: bytes) -> Path:
        path = self.folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".partial")
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(handle)
        Path(name).chmod(0o644)
        return Path(name)


class S3Store:
    """A store under a prefix of an S3 bucket; endpoint, region and credentials come from the AWS environment."""

    def __init__(self, bucket: str, prefix: str) -> None:
        import boto3  # noqa: PLC0415  (a second of start-up that a folder does not need)

        self._client: Any = boto3.client("s3")
        self._bucket, self._prefix = bucket, prefix.strip("/")
        self.location = f"s3://{bucket}/{self._prefix}".rstrip("/")

    def probe(self) -> None:
        self._call("list_objects_v2", "", Prefix=self._key("versions/"), MaxKeys=1)

    def read(self, key: str) -> tuple[bytes, str] | None:
        try:
            found = self._call("get_object", key, Key=self._key(key))
        except _MissingKeyError:
            return None
        return found["Body"].read(), found["ETag"]

    def create(self, key: str, source: Path) -> None:
        with source.open("rb") as body:
            self._put(key, body, {"IfNoneMatch": "*"})

    def replace(self, key: str, content: bytes, tag: str | None) -> None:
        self._put(key, content, {"IfMatch": tag} if tag else {"IfNoneMatch": "*"})

    def _put(self, key: str, body: Any, condition: dict[str, str]) -> None:
        self._call("put_object", key, Key=self._key(key), Body=body, ChecksumAlgorithm="SHA256", **condition)

    def _key(self, key: str) -> str:
        return f"{self._prefix}/{key}" if self._prefix else key

    def _call(self, operation: str, key: str, **arguments: Any) -> Any:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

        try:
            return getattr(self._client, operation)(Bucket=self._bucket, **arguments)
        except ClientError as error:
            raise self._explain(key, error.response["Error"]["Code"], str(error)) from error
        except BotoCoreError as error:
            raise StoreError(f"{self.location}: {error}.") from error

    def _explain(self, key: str, code: str, reason: str) -> StoreError:
        where = f"{self.location}/{key}"
        if code == "NoSuchKey":
            return _MissingKeyError(f"{where} does not exist.")
        if code in {"PreconditionFailed", "ConditionalRequestConflict"}:
            return ConflictError(f"{where} exists or was changed by another publisher; nothing was overwritten.")
        if code == "NoSuchBucket":
            return StoreError(
                f"{self.location}: the bucket {self._bucket} does not exist; create it, or correct MODEL_PATH."
            )
        return StoreError(f"{where}: {reason}.")


class _MissingKeyError(StoreError):
    """There is no object at the key."""


def open_store(uri: str, problems: list[str]) -> Store | None:
    """The store at a folder path, a file: URL or s3://bucket/prefix, or None for anything else.

    Adds to `problems` if there is none or if it cannot be written.
    """
    address = urlparse(uri)
    store: Store
    if address.scheme == "s3":
        store = S3Store(address.netloc, address.path)
    elif address.scheme in {"", "file"}:
        store = FolderStore(Path(unquote(address.path) if address.scheme else uri))
    else:
        problems.append(f"MODEL_PATH {uri!r} is neither a folder nor s3://bucket/prefix.")
        return None
    try:
        store.probe()
    except StoreError as error:
        problems.append(str(error))
    return store
