"""Python processes in which torch and transformers are imported already.

python preloaded.py SOCKET imports the packages that train.py imports. Then it forks a process for each
preloaded_client.py that asks. The process has the client's arguments, variables, folder and standard streams. A start
takes a third of a second instead of five. All these processes share the seed of Python's hashes: a test of equal bits
needs a Python of its own too.
"""

import contextlib
import gc
import importlib
import json
import os
import runpy
import selectors
import signal
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TRAINING = Path(__file__).parents[2] / "training"
MODULES = ("train", "torch.distributed.launcher.api")


@dataclass(frozen=True)
class Fork:
    """A running process: its id, a descriptor of it, and the client that waits for its end."""

    number: int
    process: int
    client: socket.socket

    def finish(self) -> None:
        """Sends the exit status. A client that was killed takes its process with it."""
        signal.pidfd_send_signal(self.process, signal.SIGKILL)
        _, status = os.waitpid(self.number, 0)
        os.close(self.process)
        with self.client, contextlib.suppress(BrokenPipeError):
            self.client.send(b"%d\n" % os.waitstatus_to_exitcode(status))


def serve(path: str) -> dict[str, Any]:
    """Forks for each client. Returns in a fork alone: what this process shall run."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(64)
    selector = selectors.SelectSelector()
    selector.register(listener, selectors.EVENT_READ)
    print("ready", flush=True)
    while True:
        for fork in {key.data for key, _ in selector.select()}:
            if fork:
                selector.unregister(fork.process)
                selector.unregister(fork.client)
                fork.finish()
                continue
            client, _ = listener.accept()
            asked, streams = receive(client)
            number = os.fork()
            if number == 0:
                for target, stream in enumerate(streams):
                    os.dup2(stream, target)
                    os.close(stream)
                return asked
            for stream in streams:
                os.close(stream)
            client.send(b"%d\n" % number)
            process = os.pidfd_open(number)
            for descriptor in (process, client):
                selector.register(descriptor, selectors.EVENT_READ, Fork(number, process, client))


def receive(client: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """What a client asks to run, and its standard streams."""
    content, streams, _, _ = socket.recv_fds(client, 1 << 20, 3)
    while not content.endswith(b"\n"):
        content += client.recv(1 << 20)
    asked: dict[str, Any] = json.loads(content)
    return asked, list(streams)


def run(asked: dict[str, Any]) -> None:
    """Runs a script, or a module after -m, as the interpreter would."""
    os.environ.clear()
    os.environ.update(asked["environment"])
    os.chdir(asked["folder"])
    # What this process starts is preloaded too.
    sys.executable = asked["executable"]
    # -u asks for streams without a buffer, and torchrun always does.
    first, *words = [word for place, word in enumerate(asked["arguments"]) if (place, word) != (0, "-u")]
    search = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    if first == "-m":
        sys.path[:1] = [asked["folder"], *search]
        sys.argv = words
        runpy.run_module(words[0], run_name="__main__", alter_sys=True)
    else:
        sys.path[:1] = [str(Path(first).resolve().parent), *search]
        sys.argv = [first, *words]
        runpy.run_path(first, run_name="__main__")


if __name__ == "__main__":
    sys.path[0] = str(TRAINING)
    # Its telemetry has threads, without which a fork of it never ends.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    for name in MODULES:
        importlib.import_module(name)
    # This project's own modules may read variables when they are imported, which is each process's own business.
    for name, module in list(sys.modules.items()):
        if TRAINING in Path(getattr(module, "__file__", None) or "/").parents:
            del sys.modules[name]
    # Collecting what the forks share would copy it.
    gc.freeze()
    # Outside of any block, so that a script ends as it does by itself: with its own exit code, and its threads joined.
    run(serve(sys.argv[1]))
