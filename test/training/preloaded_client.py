"""Runs a script in a process that preloaded.py forks: SOCKET EXECUTABLE SCRIPT [ARGUMENT ...].

It passes signals on and ends as the script does. It imports little, because each start counts.
"""

import json
import os
import signal
import socket
import sys


def main() -> int:
    path, executable, *arguments = sys.argv[1:]
    asked = {
        "arguments": arguments,
        "environment": dict(os.environ),
        "executable": executable,
        "folder": os.getcwd(),  # noqa: PTH109 - pathlib would double the time of a start
    }
    with socket.socket(socket.AF_UNIX) as server:
        server.connect(path)
        content = json.dumps(asked).encode() + b"\n"
        sent = socket.send_fds(server, [content], [0, 1, 2])
        server.sendall(content[sent:])
        answers = server.makefile()
        process = int(answers.readline())
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda received, _: os.kill(process, received))
        code = int(answers.readline())
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    return code


if __name__ == "__main__":
    sys.exit(main())
