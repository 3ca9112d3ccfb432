"""What training reads, brought to this machine: s3:// locations are downloaded once, folders are used as they are."""

from dataclasses import replace
from pathlib import Path

from errors import MissingKeyError, StoreError
from run.progress import announce, track
from settings import Settings
from storage import Bucket

_BASE_FILES = ("config.json", "model.safetensors", "tokenizer.json", "vocab.txt")
_CHUNK = 8 * 2**20


def fetch_inputs(settings: Settings, scratch: Path, problems: list[str]) -> Settings:
    """The settings with each s3:// input replaced by its copy in `scratch`.

    What cannot be downloaded is added to `problems` and keeps its s3:// location: later checks then skip it.
    """
    return replace(
        settings,
        training_file=_fetch_files(settings.training_file, scratch / "training", problems),
        validation_file=_fetch_files(settings.validation_file, scratch / "validation", problems),
        test_file=_fetch_files(settings.test_file, scratch / "test", problems),
        bert_path=_fetch_base(settings.bert_path, scratch / "base", problems),
    )


def _fetch_files(locations: str, folder: Path, problems: list[str]) -> str:
    places = enumerate(locations.split(","))
    return ",".join(_fetch_file(location, folder / str(number), problems) for number, location in places)


def _fetch_file(location: str, folder: Path, problems: list[str]) -> str:
    """The path of the file on this machine: its own, or that of a copy with the same name."""
    if is_here(location):
        return location
    bucket, key = _parse(location)
    target = folder / Path(key).name
    try:
        _download(Bucket(bucket), key, target)
    except StoreError as error:
        problems.append(str(error))
        return location
    return str(target)


def _fetch_base(location: str, folder: Path, problems: list[str]) -> str:
    if is_here(location):
        return location
    name, prefix = _parse(location.rstrip("/"))
    target = folder / Path(prefix).name
    bucket, found = Bucket(name), 0
    for file in _BASE_FILES:
        try:
            _download(bucket, f"{prefix}/{file}", target / file)
            found += 1
        except MissingKeyError:
            continue
        except StoreError as error:
            problems.append(str(error))
            return location
    if found:
        return str(target)
    problems.append(
        f"{location}: holds none of {', '.join(_BASE_FILES)}; upload a pretrained BERT, or correct BERT_PATH."
    )
    return location


def is_here(location: str) -> bool:
    """Whether a location is on this machine."""
    return not location.startswith("s3://")


def _parse(location: str) -> tuple[str, str]:
    bucket, _, key = location.removeprefix("s3://").partition("/")
    return bucket, key


def _download(bucket: Bucket, key: str, target: Path) -> None:
    chunks, size, _ = bucket.read(key)
    announce("downloading", key=key, bytes=size)
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as file:
        for chunk in track(chunks, -(-size // _CHUNK), f"download of {target.name}"):
            file.write(chunk)
    if target.stat().st_size != size:
        raise StoreError(
            f"s3://{bucket.name}/{key} broke off after {target.stat().st_size} of {size} bytes; start again."
        )
