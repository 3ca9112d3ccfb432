"""The digest of a document, in the form that serving computes too."""

import json
from pathlib import Path
from typing import Any

import pytest

from release.digest import canonicalize, compute_digest, has_own_digest

CASES = json.loads((Path(__file__).parents[1] / "fixtures" / "digest.json").read_text())


@pytest.mark.parametrize("case", CASES)
def test_a_digest_is_that_of_the_table(case: dict[str, Any]) -> None:
    assert compute_digest(case["document"]) == case["digest"]
    assert canonicalize(json.loads(json.dumps(case["document"]))) == canonicalize(case["document"])


def test_a_changed_document_does_not_have_its_digest() -> None:
    document = {"temperature": 1.31}
    signed = {**document, "digest": compute_digest(document)}
    assert has_own_digest(document) and has_own_digest(signed)
    assert not has_own_digest({**signed, "temperature": 1.71})
