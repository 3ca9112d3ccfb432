"""Ctrl-C that is heard even in the middle of a long native call."""

import os
import signal
import threading

_GRACE_SECONDS = 1.5


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
