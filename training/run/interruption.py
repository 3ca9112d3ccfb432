"""Being told to stop: Ctrl-C, SIGTERM (docker stop, AWS Batch) and the interruption notice of a Spot machine.

Ctrl-C ends the process at once. After the other two the step is finished, a checkpoint is written, and the process ends
with code 143.

EC2 gives the notice two minutes before it takes a Spot machine back (instance metadata service, version 2). A container
reaches the service only if the machine's hop limit is 2. Where nothing answers, nothing is watched.
"""

import json
import os
import signal
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from types import FrameType

from errors import StoppedError
from run.progress import announce

_GRACE_SECONDS = 1.5
_LINK_LOCAL = "http://169.254.169.254"
_POLL_SECONDS = 5.0
_TIMEOUT_SECONDS = 2.0
_TOKEN_SECONDS = 21600


class Stop:
    """A request to stop the run.

    Inside `with stop:` a signal only sets `asked`, and the run stops after its step. Outside there is nothing to
    finish: the signal raises StoppedError at once.
    """

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._graceful = False

    @property
    def asked(self) -> bool:
        """Whether to finish the step, save and leave."""
        return self._asked.is_set()

    def listen(self) -> None:
        """Listens for SIGTERM and, on an EC2 machine, for the Spot notice."""
        signal.signal(signal.SIGTERM, self._receive)
        # The Spot notice is sent on as SIGTERM, because signals reach the main thread.
        watch_notices(lambda: os.kill(os.getpid(), signal.SIGTERM))

    def __enter__(self) -> "Stop":
        self._graceful = True
        return self

    def __exit__(self, *_: object) -> None:
        self._graceful = False

    def _receive(self, _signal: int, _frame: FrameType | None) -> None:
        self._asked.set()
        if not self._graceful:
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


def watch_notices(act: Callable[[], None], poll_seconds: float = _POLL_SECONDS) -> threading.Thread | None:
    """Calls `act` once, in a thread of its own, when the notice comes.

    The address comes from AWS_EC2_METADATA_SERVICE_ENDPOINT; AWS_EC2_METADATA_DISABLED=true switches the watch off.
    """
    if os.environ.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true":
        return None
    endpoint = os.environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT", _LINK_LOCAL).rstrip("/")
    thread = threading.Thread(target=_poll_notices, args=(endpoint, act, poll_seconds), daemon=True)
    thread.start()
    return thread


def _poll_notices(endpoint: str, act: Callable[[], None], poll_seconds: float) -> None:
    try:
        token = _request(
            endpoint, "PUT", "/latest/api/token", {"X-aws-ec2-metadata-token-ttl-seconds": str(_TOKEN_SECONDS)}
        )
    except OSError:
        return
    while True:
        try:
            notice = json.loads(
                _request(endpoint, "GET", "/latest/meta-data/spot/instance-action", _make_headers(token))
            )
            announce("spot_notice", **notice)
            return act()
        except urllib.error.HTTPError as error:
            # 404: no notice yet. 401: the token is six hours old.
            if error.code == 401:
                return _poll_notices(endpoint, act, poll_seconds)
        except (OSError, ValueError):
            pass
        threading.Event().wait(poll_seconds)


def _make_headers(token: str) -> dict[str, str]:
    return {"X-aws-ec2-metadata-token": token}


def _request(endpoint: str, method: str, path: str, headers: dict[str, str]) -> str:
    request = urllib.request.Request(endpoint + path, method=method, headers=headers)
    # The service is on the machine; a proxy of the environment would lead elsewhere.
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(request, timeout=_TIMEOUT_SECONDS) as answer:
        return str(answer.read().decode())
