"""The two minutes' notice that EC2 gives before it takes a Spot machine back (instance metadata service, version 2).

A container reaches the service only if the machine's hop limit is 2; where nothing answers, nothing is watched.
"""

import json
import os
import threading
import urllib.error
import urllib.request
from collections.abc import Callable

from progress import announce

_LINK_LOCAL = "http://169.254.169.254"
_POLL_SECONDS = 5.0
_TIMEOUT_SECONDS = 2.0
_TOKEN_SECONDS = 21600


def watch_notices(act: Callable[[], None], poll_seconds: float = _POLL_SECONDS) -> threading.Thread | None:
    """Calls `act` once, in a thread of its own, when the notice comes.

    The address comes from AWS_EC2_METADATA_SERVICE_ENDPOINT; AWS_EC2_METADATA_DISABLED=true switches the watch off.
    """
    if os.environ.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true":
        return None
    endpoint = os.environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT", _LINK_LOCAL).rstrip("/")
    thread = threading.Thread(target=_watch, args=(endpoint, act, poll_seconds), daemon=True)
    thread.start()
    return thread


def _watch(endpoint: str, act: Callable[[], None], poll_seconds: float) -> None:
    try:
        token = _ask(
            endpoint, "PUT", "/latest/api/token", {"X-aws-ec2-metadata-token-ttl-seconds": str(_TOKEN_SECONDS)}
        )
    except OSError:
        return
    while True:
        try:
            notice = json.loads(_ask(endpoint, "GET", "/latest/meta-data/spot/instance-action", _head(token)))
            announce("spot_notice", **notice)
            return act()
        except urllib.error.HTTPError as error:
            # 404: no notice yet. 401: the token is six hours old.
            if error.code == 401:
                return _watch(endpoint, act, poll_seconds)
        except (OSError, ValueError):
            pass
        threading.Event().wait(poll_seconds)


def _head(token: str) -> dict[str, str]:
    return {"X-aws-ec2-metadata-token": token}


def _ask(endpoint: str, method: str, path: str, headers: dict[str, str]) -> str:
    request = urllib.request.Request(endpoint + path, method=method, headers=headers)
    # The service is on the machine; a proxy of the environment would lead elsewhere.
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(request, timeout=_TIMEOUT_SECONDS) as answer:
        return str(answer.read().decode())
