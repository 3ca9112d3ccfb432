"""The store's two kinds under one contract, and what only one of them can get wrong."""

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import pytest
import requests

from errors import ConflictError, StoreError
from release.store import FolderStore, S3Store, Store, open_store

READER = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": "*"}],
}


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "folder":
        return FolderStore(tmp_path / "models")
    return S3Store(request.getfixturevalue("s3_bucket"), "models/dev")


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str], Path]:
    def write(content: str) -> Path:
        path = tmp_path / "source"
        path.write_text(content)
        return path

    return write


@pytest.fixture
def only_reader(s3_bucket: str, s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A bucket, with the AWS environment of somebody who may read it and nothing else."""
    iam = boto3.client("iam")
    iam.create_user(UserName="reader")
    iam.put_user_policy(UserName="reader", PolicyName="read", PolicyDocument=json.dumps(READER))
    key = iam.create_access_key(UserName="reader")["AccessKey"]
    # Moto asks for permissions after so many calls.
    requests.post(f"{s3_endpoint}/moto-api/reset-auth", data="0", timeout=10)
    # The session of the other tests keeps the credentials that it has found.
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
    yield s3_bucket
    requests.post(f"{s3_endpoint}/moto-api/reset-auth", data="Infinity", timeout=10)


def test_a_store_that_can_be_written_is_probed_without_a_trace(store: Store) -> None:
    store.probe()
    if isinstance(store, FolderStore):
        assert not list(store.folder.rglob("*"))
    else:
        bucket = store.location.removeprefix("s3://").split("/")[0]
        client = boto3.client("s3")
        assert "Contents" not in client.list_objects_v2(Bucket=bucket)
        assert not client.list_multipart_uploads(Bucket=bucket).get("Uploads")


def test_a_key_is_created_once(store: Store, file: Callable[[str], Path]) -> None:
    store.create("versions/a/model.onnx", file("first"))
    with pytest.raises(ConflictError, match=r"versions/a/model\.onnx"):
        store.create("versions/a/model.onnx", file("second"))
    found = store.read("versions/a/model.onnx")
    assert found is not None and found[0] == b"first"


def test_what_is_not_there_is_nothing(store: Store) -> None:
    assert store.read("current.json") is None


def test_a_pointer_is_replaced_only_by_whoever_read_it_last(store: Store) -> None:
    store.replace("current.json", b"one", None)
    with pytest.raises(ConflictError):
        store.replace("current.json", b"two", None)
    first = store.read("current.json")
    assert first is not None
    store.replace("current.json", b"two", first[1])
    with pytest.raises(ConflictError):
        store.replace("current.json", b"three", first[1])
    now = store.read("current.json")
    assert now is not None and now[0] == b"two"


def test_of_many_publishers_at_once_one_wins_and_the_others_are_told(store: Store) -> None:
    store.replace("current.json", b"start", None)
    found = store.read("current.json")
    assert found is not None
    results: list[str] = []

    def publish(name: str) -> None:
        try:
            store.replace("current.json", name.encode(), found[1])
            results.append(name)
        except ConflictError:
            results.append("told")

    threads = [threading.Thread(target=publish, args=(f"publisher {number}",)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    winners = [name for name in results if name != "told"]
    now = store.read("current.json")
    assert len(results) == 6 and len(winners) == 1
    assert now is not None and now[0].decode() == winners[0]


def test_the_lock_of_a_killed_publisher_is_taken_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("release.store.LOCK_SECONDS", 0.3)
    store = FolderStore(tmp_path)
    store.replace("current.json", b"one", None)
    found = store.read("current.json")
    assert found is not None
    (tmp_path / ".current.json.lock").write_text("left by a publisher that was killed")
    store.replace("current.json", b"two", found[1])
    assert (tmp_path / "current.json").read_bytes() == b"two"
    assert [path.name for path in tmp_path.iterdir()] == ["current.json"]


def test_who_loses_its_lock_to_another_publisher_has_written_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FolderStore(tmp_path)
    store.replace("current.json", b"one", None)
    found = store.read("current.json")
    assert found is not None
    read = store.read

    def lose_lock(key: str) -> tuple[bytes, str] | None:
        (tmp_path / ".current.json.lock").unlink()
        return read(key)

    monkeypatch.setattr(store, "read", lose_lock)
    with pytest.raises(ConflictError):
        store.replace("current.json", b"two", found[1])
    assert (tmp_path / "current.json").read_bytes() == b"one"


def test_a_pointer_that_another_publisher_creates_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    (tmp_path / ".current.json.lock").write_text("a first pointer needs no lock")
    (tmp_path / "current.json").write_text("of another")
    with pytest.raises(ConflictError, match="changed by another publisher"):
        store.replace("current.json", b"one", None)
    assert (tmp_path / "current.json").read_text() == "of another"


def test_a_publisher_whose_answer_was_lost_knows_its_own_text(s3_bucket: str) -> None:
    store = S3Store(s3_bucket, "models/dev")
    store.replace("current.json", b"one", None)
    store.replace("current.json", b"one", None)
    with pytest.raises(ConflictError):
        store.replace("current.json", b"two", None)


def test_a_bucket_that_may_only_be_read_is_found_by_the_probe(only_reader: str) -> None:
    problems: list[str] = []
    open_store(f"s3://{only_reader}/models", problems)
    assert len(problems) == 1
    assert f"MODEL_PATH cannot be written: s3://{only_reader}/models/versions/.probe: access denied" in problems[0]


def test_a_folder_where_a_file_stands_cannot_be_read_as_a_store(tmp_path: Path) -> None:
    (tmp_path / "current.json").mkdir()
    with pytest.raises(StoreError, match=r"current\.json cannot be read"):
        FolderStore(tmp_path).read("current.json")
