"""TensorBoard event files of a run: one file for each checkpoint, beside the checkpoints.

A file holds what was recorded since the checkpoint before, and its name is the place of that checkpoint in the run. A
run that continues from it writes the file of that name anew, so that no step is recorded twice, in a folder or in S3.
See docs/decisions/0005.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from run.checkpoint_store import CheckpointStore, staging_folder
from run.checkpoints import Progress

STEPS_BETWEEN_POINTS = 10
"""Steps from one recorded step to the next."""

_COMPARED = ("training/loss", "validation/accuracy")
"""Scalars that TensorBoard shows beside the settings of each run."""


@dataclass
class EventFiles:
    """The event files of one run.

    Attributes:
        store: the checkpoint store; the files are below `tensorboard/<run>/`.
        run: the run's name.
        settings: what TensorBoard shows as text and as hyperparameters.
    """

    store: CheckpointStore
    run: str
    settings: dict[str, Any]
    _place: str = ""
    _told: bool = False
    _points: list[tuple[float, int, dict[str, float]]] = field(default_factory=list)

    def begin(self, progress: Progress) -> None:
        """Lets the next file start at this place of the run."""
        self._place = f"{progress.epochs:04d}-{progress.step:08d}"
        self._points.clear()

    def record(self, step: int, figures: dict[str, Any], group: str) -> None:
        """Keeps figures for the next file.

        Args:
            step: optimizer steps done, over all epochs.
            figures: numbers by name; a nested dictionary gives names with a slash, other values are left out.
            group: what the names begin with.
        """
        self._points.append((time.time(), step, dict(_flatten(figures, group))))

    def save(self, progress: Progress) -> None:
        """Writes what was recorded into a file, just before the checkpoint of this place.

        Raises:
            StoreError: the store refuses the file.
        """
        # Without points too: a killed run may have left a file of this name.
        with staging_folder(self.store, f"events-{self.run}") as place:
            self._write(place / "events")
            self.store.put(f"tensorboard/{self.run}/events.out.tfevents.{self._place}", place / "events")
        self.begin(progress)

    def _write(self, path: Path) -> None:
        # A second of start-up that a run without event files does not need.
        from tensorboardX import RecordWriter, summary  # noqa: PLC0415
        from tensorboardX.proto.event_pb2 import Event  # noqa: PLC0415

        writer = RecordWriter(str(path))
        now = time.time()
        writer.write(Event(wall_time=now, file_version="brain.Event:2").SerializeToString())
        if not self._told:
            described = summary.text("settings", self._tabulate())
            for content in (described, *summary.hparams(self.settings, dict.fromkeys(_COMPARED, 0.0))):
                writer.write(Event(wall_time=now, summary=content).SerializeToString())
            self._told = True
        for at, step, figures in self._points:
            for name, value in figures.items():
                content = summary.scalar(name, value)
                writer.write(Event(wall_time=at, step=step, summary=content).SerializeToString())
        writer.close()

    def _tabulate(self) -> str:
        return "\n".join(
            ["| setting | value |", "| --- | --- |", *(f"| {k} | {v} |" for k, v in self.settings.items())]
        )


def _flatten(figures: dict[str, Any], name: str) -> Iterator[tuple[str, float]]:
    for key, value in figures.items():
        if isinstance(value, dict):
            yield from _flatten(value, f"{name}/{key}")
        elif isinstance(value, int | float):
            yield f"{name}/{key}", float(value)
