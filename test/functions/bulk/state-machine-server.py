"""moto's server with state machines whose functions run elsewhere. Arguments: a URL, then those of ``moto_server``.

moto interprets the Amazon States Language, Distributed Map included, but it runs a function only in Docker. The adapter
below sends an invocation's payload to ``URL/NAME`` instead. An answer with status 200 is the function's result.
Any other one is its error, in the form in which Lambda reports an error of Node: ``{"errorType", "errorMessage"}``.
"""

import sys
import urllib.error
import urllib.request
from typing import Any

from moto.awslambda.models import LambdaBackend
from moto.core.config import default_user_config
from moto.server import main

functions_url = sys.argv.pop(1)
default_user_config["stepfunctions"]["execute_state_machine"] = True


def invoke(self: LambdaBackend, function_name: str, qualifier: str | None, body: str | bytes, *headers: Any) -> bytes:
    """Runs a function of any name: moto need not know it. The last headers are those of the answer."""
    name = function_name.rsplit(":", 1)[-1]
    payload = body if isinstance(body, bytes) else body.encode()
    request = urllib.request.Request(f"{functions_url}/{name}", data=payload)
    try:
        with urllib.request.urlopen(request) as answer:
            return bytes(answer.read())
    except urllib.error.HTTPError as error:
        headers[-1]["x-amz-function-error"] = "Unhandled"
        return error.read()


LambdaBackend.invoke = invoke

main()
