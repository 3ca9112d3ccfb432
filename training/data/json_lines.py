"""Files of JSON lines: one object on each line, one column for each key."""

import json
from collections.abc import Iterable, Iterator

from data.dialect import Record
from data.text_file import trim


def list_keys(sample: list[str]) -> list[str]:
    """The keys of the objects on these lines, in the order in which they appear."""
    objects = (_parse_object(line) for line in sample)
    return list(dict.fromkeys(key for found in objects if found for key in found))


def read_objects(lines: Iterable[str], names: list[str]) -> Iterator[Record]:
    """One record for each line that is not blank, with the values of these keys; a missing one is empty."""
    for number, line in enumerate(lines, start=1):
        if not trim(line):
            continue
        found = _parse_object(line)
        if found is None:
            yield Record(number, 1, [], "no JSON object")
        else:
            yield Record(number, 1, [_show_value(found.get(name)) for name in names])


def _parse_object(line: str) -> dict[str, object] | None:
    try:
        found = json.loads(line, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _show_value(value: object) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)
