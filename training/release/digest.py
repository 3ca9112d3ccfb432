"""The digest by which a JSON document shows that it is what was written.

`layers/model-store/digest.ts` computes the same, and both are tested on test/fixtures/digest.json.
"""

import hashlib
import json
import re
from decimal import Decimal
from typing import Any


def compute_digest(document: dict[str, Any]) -> str:
    """The SHA-256, in hex, of the document's canonical form without its field `digest`."""
    content = {name: value for name, value in document.items() if name != "digest"}
    return hashlib.sha256(canonicalize(content).encode()).hexdigest()


def has_own_digest(document: dict[str, Any]) -> bool:
    """Whether the document is the one that its digest was computed of; one without a digest is older than digests."""
    return document.get("digest") in (None, compute_digest(document))


def canonicalize(value: Any) -> str:
    """A JSON value in the form of RFC 8785: sorted names, no white space, numbers as JavaScript writes them."""
    if isinstance(value, dict):
        # JavaScript compares the units of UTF-16.
        names = sorted(value, key=lambda name: name.encode("utf-16-be", "surrogatepass"))
        return "{" + ",".join(f"{_write_text(name)}:{canonicalize(value[name])}" for name in names) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(canonicalize, value)) + "]"
    if isinstance(value, str):
        return _write_text(value)
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    return _write_number(float(value))


def _write_text(text: str) -> str:
    written = json.dumps(text, ensure_ascii=False)
    # An unpaired surrogate has no UTF-8 form.
    return re.sub("[\ud800-\udfff]", lambda found: f"\\u{ord(found[0]):04x}", written)


_FIRST_EXPONENT, _LAST_SMALL_EXPONENT = 21, -7
"""Powers of ten from which on, and down to which, JavaScript writes an exponent."""


def _write_number(value: float) -> str:
    """Both languages write the fewest digits that read back as the same number, but place the point otherwise."""
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    assert isinstance(exponent, int), f"{value} has no form in JSON"
    written = "".join(map(str, digits))
    power = len(written) + exponent - 1
    if value == 0:
        return "0"
    if not _LAST_SMALL_EXPONENT < power < _FIRST_EXPONENT:
        fraction = f".{written[1:]}" if len(written) > 1 else ""
        number = f"{written[0]}{fraction}e{power:+d}"
    elif power < 0:
        number = f"0.{'0' * (-power - 1)}{written}"
    elif exponent >= 0:
        number = written + "0" * exponent
    else:
        number = f"{written[: power + 1]}.{written[power + 1 :]}"
    return "-" * sign + number
