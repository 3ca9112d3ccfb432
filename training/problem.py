"""What the operator has to change before training can start."""


class ProblemsError(Exception):
    """One or more mistakes in the input, each told in one sentence; raised before any expensive work.

    Attributes:
        sentences: what is wrong, where, and what to do, one sentence each.
    """

    def __init__(self, sentences: list[str]) -> None:
        super().__init__("\n".join(sentences))
        self.sentences = sentences
