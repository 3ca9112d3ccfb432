"""Being told to stop: Ctrl-C, SIGTERM (docker stop, AWS Batch) and the notice of a Spot machine.

Ctrl-C ends the process at once. The other two let the step finish and a checkpoint be written, then end with code 143.
"""

import os
import signal
import threading
from types import FrameType

from errors import StoppedError
from spot import watch_notices

_GRACE_SECONDS = 1.5


class Stop:
    """Whether the run shall stop.

    Inside `with stop:` the run looks at `asked` itself; outside there is nothing to finish: the signal ends it there.
    """

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._patient = False

    @property
    def asked(self) -> bool:
        """Whether to finish the step, save and leave."""
        return self._asked.is_set()

    def listen(self) -> None:
        """Hears SIGTERM and, on an EC2 machine, the Spot notice."""
        signal.signal(signal.SIGTERM, self._hear)
        # The notice of two minutes takes the way of the signal, which the main thread alone hears.
        watch_notices(lambda: os.kill(os.getpid(), signal.SIGTERM))

    def __enter__(self) -> "Stop":
        self._patient = True
        return self

    def __exit__(self, *_: object) -> None:
        self._patient = False

    def _hear(self, _signal: int, _frame: FrameType | None) -> None:
        self._asked.set()
        if not self._patient:
            raise StoppedError


def exit_soon_after_interrupt() -> None:
    """Ends the process at the latest 1.5 s after SIGINT.

    Python raises KeyboardInterrupt only between two of its own instructions, and one backward pass may take longer than
    a person waits. Checkpoints and versions appear whole or not at all, so an exit at any moment loses nothing else.
    """
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer)
    threading.Thread(target=_watch, args=(reader,), daemon=True).start()


def _watch(reader: int) -> None:
    while signal.SIGINT not in os.read(reader, 1):
        pass
    threading.Event().wait(_GRACE_SECONDS)
    os.write(2, b"Stopped; the next run with the same settings continues from the last checkpoint.\n")
    os._exit(130)
