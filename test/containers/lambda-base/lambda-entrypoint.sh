#!/bin/sh
# Like the real one: the command is the handler. Without a Runtime API the real one starts an emulator; this one refuses.
if [ $# -ne 1 ]; then
  echo "entrypoint requires the handler name to be the first argument" 1>&2
  exit 142
fi
export _HANDLER="$1"
if [ -z "${AWS_LAMBDA_RUNTIME_API}" ]; then
  echo "AWS_LAMBDA_RUNTIME_API is not set" 1>&2
  exit 1
fi
exec /var/runtime/bootstrap
