"""What the parts of the training loop share."""

import time
from dataclasses import dataclass, field

from transformers import BertForSequenceClassification

from checkpoint import Checkpoints
from data.tokens import Encoded
from device import describe_processor
from interruption import Stop
from model.encoder import PLAIN, Halves
from settings import Settings
from team import Team


@dataclass
class Run:
    """One training run.

    Attributes:
        model: the network, on its device.
        training: the rows to learn from.
        validation: the rows that choose the best epoch.
        settings: all settings.
        checkpoints: where a stopped run continues from.
        stop: whether somebody wants the run to stop.
        team: this process among the ones that train together.
        processor: what computes, for the manifest and to notice that a run has changed processors.
        halves: what computes a layer, compiled or not.
        saved: when the last checkpoint was written, in seconds of the monotonic clock.
    """

    model: BertForSequenceClassification
    training: Encoded
    validation: Encoded
    settings: Settings
    checkpoints: Checkpoints
    stop: Stop = field(default_factory=Stop)
    team: Team = field(default_factory=Team)
    processor: str = field(default_factory=describe_processor)
    halves: Halves = PLAIN
    saved: float = field(default_factory=time.monotonic)
