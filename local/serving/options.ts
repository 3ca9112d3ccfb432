import { availableParallelism } from 'node:os';
import { readArguments, readWhole } from '../command-line.ts';

/** What `npm start` can be told. */
export interface ServeOptions {
  readonly port: number;
  readonly host: string;
  readonly workers: number;
  readonly queueDepth: number;
  readonly help: boolean;
}

export const usage = `Serves the model over HTTP on this machine.

Usage: npm start -- [--port 5000] [--host 127.0.0.1] [--workers 1] [--queue 64]

  --port N      port to listen on, 0 for any free one (default 5000)
  --host NAME   address to listen on; 0.0.0.0 for all (default 127.0.0.1)
  --workers N   processes that run the model at the same time (default 1)
  --queue N     requests that may wait for a worker; one more is answered 503 (default 64)
  --help        this text

Environment: MODEL_URI (file:folder or s3://bucket/prefix; default the sample model), MODEL_VERSION, MODEL_DIRECTORY,
MODEL_THREADS (threads of one worker; default ${availableParallelism()} processors divided by the workers), MODEL_REFRESH_SECONDS
(least seconds between two looks for a new current version; default 60), LOG_LEVEL, LOG_TEXT (on or off), AWS_ENDPOINT_URL.
`;

/** Reads the command line. Throws `UsageError` for flags and values that there are not. */
export function readServeOptions(args: readonly string[]): ServeOptions {
  const { values } = readArguments({
    args: [...args],
    options: {
      port: { type: 'string', default: '5000' },
      host: { type: 'string', default: '127.0.0.1' },
      workers: { type: 'string', default: '1' },
      queue: { type: 'string', default: '64' },
      help: { type: 'boolean', default: false },
    },
  });
  return {
    port: readWhole('port', values.port, [0, 65_535]),
    host: values.host,
    workers: readWhole('workers', values.workers, [1, 256]),
    queueDepth: readWhole('queue', values.queue, [0, 100_000]),
    help: values.help,
  };
}
