"""The errors that a run may end with. Each message is for the user; `train.py` gives each class an exit code."""


class InputError(Exception):
    """One or more mistakes in the input, one sentence for each; raised before any expensive work.

    Attributes:
        sentences: what is wrong, where, and what to do, one sentence each.
    """

    def __init__(self, sentences: list[str]) -> None:
        super().__init__("\n".join(sentences))
        self.sentences = sentences


class StoreError(Exception):
    """A store or bucket cannot be read or written; the sentence says which, which key and why."""


class ConflictError(StoreError):
    """The key exists already, or changed since it was read: another publisher was first."""


class MissingKeyError(StoreError):
    """There is no object at the key."""


class RejectedError(Exception):
    """The candidate failed its proof or the gate; it lies under rejected/.

    Attributes:
        version: the candidate's name.
        reasons: one sentence for each check that failed.
    """

    def __init__(self, version: str, reasons: list[str]) -> None:
        super().__init__(f"rejected/{version}: {' '.join(reasons)}")
        self.version = version
        self.reasons = reasons


class DivergenceError(Exception):
    """The loss or a gradient stopped being a number; the last checkpoint is kept."""


class DifferenceError(Exception):
    """The repeated training gave other files than the version has."""


STOPPED_EXIT_CODE = 143
"""128 + SIGTERM, which infra/training/job.yml repeats the job on."""


class StoppedError(Exception):
    """The run was told to stop and has stopped; the next one with the same settings continues."""

    def __init__(self) -> None:
        super().__init__("Told to stop; the next run with the same settings continues from here.")
