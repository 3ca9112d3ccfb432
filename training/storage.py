"""S3 buckets and folders: every failure becomes a sentence that says what to do."""

import errno
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar
from urllib.parse import unquote, urlparse

from errors import ConflictError, MissingKeyError, StoreError


class Bucket:
    """A bucket; endpoint, region and credentials come from the AWS environment."""

    def __init__(self, name: str) -> None:
        import boto3  # noqa: PLC0415  (a second of start-up that a folder does not need)

        self._client: Any = boto3.client("s3")
        self.name = name

    def call(self, operation: str, key: str, **arguments: Any) -> Any:
        """Calls a client operation about a key.

        Raises:
            StoreError: it failed; MissingKeyError or ConflictError where that is the reason.
        """
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

        try:
            return getattr(self._client, operation)(Bucket=self.name, **arguments)
        except ClientError as error:
            raise self._explain(key, error.response["Error"]["Code"], str(error)) from error
        except BotoCoreError as error:
            raise StoreError(f"s3://{self.name}/{key}: {error}.") from error

    def read(self, key: str) -> tuple[Iterator[bytes], int, str]:
        """The object's bytes in chunks of 8 MiB, its length and its ETag."""
        found = self.call("get_object", key, Key=key)
        return self._iterate(key, found["Body"]), found["ContentLength"], found["ETag"]

    def probe(self, key: str) -> None:
        """Raises StoreError unless objects may be created at the key, and leaves nothing there.

        It begins a multipart upload and aborts it: that needs the permission to put the object, but creates none.
        """
        begun = self.call("create_multipart_upload", key, Key=key)
        self.call("abort_multipart_upload", key, Key=key, UploadId=begun["UploadId"])

    def _iterate(self, key: str, body: Any) -> Iterator[bytes]:
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415

        try:
            yield from body.iter_chunks(8 * 2**20)
        except BotoCoreError as error:
            raise StoreError(f"s3://{self.name}/{key}: {error}; start the job again.") from error

    def _explain(self, key: str, code: str, reason: str) -> StoreError:
        where = f"s3://{self.name}/{key}"
        if code in {"NoSuchKey", "404"}:
            return MissingKeyError(f"{where} does not exist.")
        if code in {"PreconditionFailed", "ConditionalRequestConflict"}:
            return ConflictError(f"{where} exists or was changed by another publisher; nothing was overwritten.")
        if code == "NoSuchBucket":
            return StoreError(f"{where}: the bucket {self.name} does not exist; create it, or correct the location.")
        if code in {"AccessDenied", "403"}:
            return StoreError(f"{where}: access denied; the job's role must allow what was asked ({reason}).")
        return StoreError(f"{where}: {reason}.")


@dataclass(frozen=True)
class Owner:
    """The owner of a path.

    Attributes:
        place: the path, or the nearest folder around it that can be asked.
        user: id of its user.
        group: id of its group.
    """

    place: Path
    user: int
    group: int


def probe_folder(folder: Path, variable: str) -> None:
    """Makes the folder if it is not there, and checks that files can be written in it.

    Args:
        folder: where files will be written.
        variable: the setting that names it.

    Raises:
        StoreError: no file can be written there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        problem = f"{folder} cannot be written ({error.strerror})"
        remedy = explain_refusal(error, _find_owner(folder))
        raise StoreError(f"{problem}; {remedy}, or name another one in {variable}.") from error


def explain_unreadable(path: Path) -> str | None:
    """Why a file or folder may not be read, and what to do; None where it may, or where it is not there."""
    try:
        path.stat()
        if os.access(path, os.R_OK):
            return None
        refusal = PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except PermissionError as error:
        refusal = error
    except OSError:
        return None
    return f"{path} cannot be read ({refusal.strerror}); {explain_refusal(refusal, _find_owner(path))}."


def explain_refusal(error: OSError, owner: Owner) -> str:
    """What to do about a place that cannot be read or written, without the full stop.

    Args:
        error: what the system answered.
        owner: whose the place is.
    """
    here = os.getuid()
    if error.errno == errno.EROFS:
        return "mount a folder that can be written, without :ro"
    if error.errno not in {errno.EACCES, errno.EPERM} or owner.user == here:
        return f"mount a folder that user id {here} may use"
    # Nobody is told to run as root.
    flag = f"add --user {owner.user}:{owner.group} to docker run, or " if owner.user else ""
    return (
        f"{owner.place} belongs to user id {owner.user}, and this is user id {here}: in a container {flag}give the "
        f"mounted folder to user id {here} (chown -R {here})"
    )


def _find_owner(path: Path) -> Owner:
    for place in (path, *path.parents):
        with suppress(OSError):
            found = place.stat()
            return Owner(place, found.st_uid, found.st_gid)
    return Owner(path, os.getuid(), os.getgid())


def hash_file(path: Path) -> str:
    """SHA-256 of a file in hexadecimal; the file need not fit into memory."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class _Writable(Protocol):
    def probe(self) -> None:
        """Raises StoreError unless files can be written."""


Opened = TypeVar("Opened", bound=_Writable)


def open_location(
    setting: str,
    uri: str,
    open_folder: Callable[[Path], Opened],
    open_bucket: Callable[[str, str], Opened],
    problems: list[str],
) -> Opened | None:
    """What is kept at a folder path, a file: URL or s3://bucket/prefix, or None for anything else.

    Adds to `problems` if there is none or if it cannot be written.

    Args:
        setting: the setting that names the location, for the sentence.
        uri: the location.
        open_folder: opens a folder.
        open_bucket: opens a bucket and a prefix in it.
        problems: gets the sentence.
    """
    address = urlparse(uri)
    if address.scheme == "s3":
        opened = open_bucket(address.netloc, address.path)
    elif address.scheme in {"", "file"}:
        opened = open_folder(Path(unquote(address.path) if address.scheme else uri))
    else:
        problems.append(f"{setting} {uri!r} is neither a folder nor s3://bucket/prefix.")
        return None
    try:
        opened.probe()
    except StoreError as error:
        problems.append(f"{setting} cannot be written: {error}" if address.scheme == "s3" else str(error))
    return opened
