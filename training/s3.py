"""One S3 bucket, with every failure told as a sentence."""

from collections.abc import Iterator
from typing import Any


class StoreError(Exception):
    """A store or bucket cannot be read or written; the sentence says which, which key and why."""


class ConflictError(StoreError):
    """The key exists already, or changed since it was read: another publisher was first."""


class MissingKeyError(StoreError):
    """There is no object at the key."""


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

        An upload in parts is begun and taken back: it needs the permission to put the object, but makes none.
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
