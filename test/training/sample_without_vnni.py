"""The shipped sample model answers with the same labels without VNNI: `npm run test:no-vnni`, five minutes.

Not part of `npm test`, because the emulated processor takes half a second for a text of ten tokens.
"""

from pathlib import Path

from emulation import replay_both

SAMPLE = Path(__file__).parents[2] / "models" / "sample"


def test_the_sample_models_labels_are_the_same_without_vnni() -> None:
    (folder,) = (SAMPLE / "versions").iterdir()
    replayed = replay_both(folder, 500)
    gap = abs(replayed.here - replayed.emulated).max()
    print(f"{len(replayed.here)} texts, largest difference of a logit {gap:.4f}")
    assert len(replayed.here) == 500
    assert replayed.count_flips() == 0
