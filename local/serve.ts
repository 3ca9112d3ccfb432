// `npm start`: the application of functions/predict on a port of this machine, with the model in worker processes.

import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Option } from 'commander';
import { createApp } from '../functions/predict/app.ts';
import type { Configuration } from '../functions/predict/configuration.ts';
import type { ApiKey } from '../functions/predict/keys.ts';
import type { Observe } from '../functions/predict/observability.ts';
import { createModelProvider, createWatch, loadModel, type ModelProvider } from '../layers/prediction/index.ts';
import { createLog } from '../layers/telemetry/index.ts';
import { createAdmission } from './admission.ts';
import { createCallerFinder, readCallerKeys } from './caller-keys.ts';
import { createCommand, runCommand, UsageError, wholeNumber } from './command-line.ts';
import { readLocalConfiguration, settleDevice } from './environment.ts';
import { openFeedbackFile } from './feedback-file.ts';
import { type RunningServer, startServer } from './http-server.ts';
import { createMetrics } from './metrics.ts';
import { addMiddleware } from './middleware.ts';
import { addOperationRoutes } from './operation-routes.ts';
import { scoreStandardInput } from './score-lines.ts';
import { startPool, workerPath } from './worker-pool.ts';

/** The options of `npm start`. */
export interface ServeOptions {
  readonly port: number;
  readonly host: string;
  readonly workers: number;
  readonly queue: number;
  /** Origins whose pages may call. */
  readonly cors: readonly string[];
  readonly quiet: boolean;
  /** Scores standard input instead of serving. */
  readonly stdin: boolean;
  /** Keys, one of which each caller needs; none: everybody may call. */
  readonly apiKey: readonly ApiKey[];
  /** File that feedback is appended to; empty: none is taken. */
  readonly feedback: string;
}

const environmentHelp = `
Environment: MODEL_URI (file:folder or s3://bucket/prefix; default the sample model), MODEL_VERSION, MODEL_DIRECTORY,
MODEL_DEVICE (cpu, cuda or auto; default cpu), MODEL_THREADS (threads of one worker; default ${availableParallelism()} processors divided by the workers), VERIFICATION_CACHE (folder or off), MODEL_REFRESH_SECONDS
(least seconds between two looks for a new current version; default 60), LOG_LEVEL, LOG_TEXT (on or off), PAGE (on or off), API_KEYS (as --api-key), AWS_ENDPOINT_URL.
`;

/** Reads the command line. Throws UsageError for flags and values that it does not take. */
export function readServeOptions(args: readonly string[]): ServeOptions {
  const options = parseServeOptions(args);
  if (options.feedback !== '' && options.apiKey.length === 0)
    throw new UsageError('--feedback needs --api-key: without keys anybody who reaches the port could write the file.');
  return options;
}

function parseServeOptions(args: readonly string[]): ServeOptions {
  return createCommand('npm start --', 'Serves the model over HTTP on this machine.')
    .option('--port <number>', 'port to listen on, 0 for any free one', wholeNumber('port', [0, 65_535]), 5000)
    .option('--host <name>', 'address to listen on, 0.0.0.0 for all; localhost is 127.0.0.1 and ::1', 'localhost')
    .option('--workers <number>', 'processes that run the model at the same time', wholeNumber('workers', [1, 256]), 1)
    .option(
      '--queue <number>',
      'texts that may wait for a worker; what comes on top waits unread, and is answered 503 if that takes long',
      wholeNumber('queue', [0, 100_000]),
      64,
    )
    .option('--cors <origins>', 'origins whose pages may call, comma-separated, * for all', readOrigins, [])
    .addOption(
      new Option('--api-key <key>', 'asks callers for this key, KEY or NAME=KEY; may be repeated')
        .argParser(readCallerKeys)
        .env('API_KEYS')
        .default([], 'nobody needs a key'),
    )
    .addOption(
      new Option(
        '--feedback <file>',
        'takes feedback (POST /feedback) and appends it to this file, a line of JSON each',
      ).default('', 'none is taken'),
    )
    .option('--quiet', 'no log line for each request', false)
    .option(
      '--stdin',
      'no server: scores each line of standard input to a line of JSON (npm start -s -- --stdin)',
      false,
    )
    .addHelpText('after', environmentHelp)
    .parse(args, { from: 'user' })
    .opts<ServeOptions>();
}

/** Reads origins: `*`, or `https://example.com` with or without a port. */
function readOrigins(text: string): readonly string[] {
  const origins = text.split(',').map((origin) => origin.trim());
  const wrong = origins.find(
    (origin) => origin !== '*' && !(URL.canParse(origin) && new URL(origin).origin === origin),
  );
  if (wrong === undefined) return origins;
  throw new UsageError(`--cors takes origins such as https://example.com, comma-separated, or *, not "${wrong}".`);
}

const say = (text: string) => process.stderr.write(`${text}\n`);

interface Service {
  readonly models: ModelProvider;
  readonly server: RunningServer;
  /** Aborts the loading of the model. */
  readonly loading: AbortController;
}

async function start(options: ServeOptions, environment: Configuration): Promise<Service> {
  const log = createLog({ level: environment.logLevel });
  const configuration = await settleDevice(environment, log);
  const loading = new AbortController();
  const { workers, queue: queueDepth, cors: origins, quiet, apiKey, feedback } = options;
  const load = (modelVersion = configuration.modelVersion) =>
    loadModel(
      { ...configuration, modelVersion },
      {
        log,
        signal: loading.signal,
        openClassifier: (source, how) => startPool(source, { ...how, workerPath, workers, queueDepth, log }),
      },
    );
  const models = createModelProvider(() => load(), createWatch(configuration, { log, loadCandidate: load }));
  const { logText, page } = configuration;
  const pageFolder = page ? join(import.meta.dirname, '..', 'page') : undefined;
  const admission = createAdmission({ capacity: workers + queueDepth, log });
  const metrics = createMetrics({ models, admission });
  // A list can be refused in the application too, by the queue of texts.
  const observe: Observe = (outcome, ...rest) =>
    outcome.code === 'OVERLOADED' ? admission.countRefusal() : metrics.observe(outcome, ...rest);
  const app = createApp({
    models,
    log,
    logText,
    accessLog: !quiet,
    findKey: createCallerFinder(apiKey),
    feedback: feedback === '' ? undefined : openFeedbackFile(feedback),
    pageFolder,
    observe,
  });
  addOperationRoutes(app, { models, metrics });
  const server = await startServer(addMiddleware(app, { origins }), { ...options, admission, origins });
  return { models, loading, server };
}

/** The first signal ends the server after the requests in flight are answered. The second signal ends it at once. */
function stopOnSignal({ models, server, loading }: Service): void {
  let stopping = false;
  const stop = async () => {
    if (stopping) process.exit(1);
    stopping = true;
    loading.abort(new Error('the server is stopping'));
    await server.close();
    const served = models.loaded();
    await Promise.all([served, served?.candidate?.model].map((model) => model?.classifier.release()));
    process.exit(0);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop);
}

/** A server without a model answers 503 and tries to load it again with each request, so it recovers by itself. */
async function announce({ models, loading }: Service, address: string, withKey: boolean): Promise<void> {
  try {
    const { manifest } = await models.current();
    say(`Ready with model ${manifest.version}. Try:`);
    const header = withKey ? "-H 'Authorization: Bearer KEY' " : '';
    say(`  curl ${header}'${address}/predict?sentence=this%20is%20the%20best%20book%20ever'`);
  } catch (error) {
    if (loading.signal.aborted) return;
    say(`No model yet: ${error instanceof Error ? error.message : error}`);
    say('Until there is one, /predict answers 503 and looks again with each request.');
  }
}

function describeAddress(host: string, port: number): string {
  const name = ['127.0.0.1', '0.0.0.0', '::', '::1'].includes(host) ? 'localhost' : host;
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`;
}

async function serve(args: readonly string[]): Promise<number | undefined> {
  const options = readServeOptions(args);
  if (options.stdin) return scoreStandardInput(options.workers);
  // A reader of the log that goes away must not take the server with it.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  const configuration = readLocalConfiguration(options.workers);
  const service = await start(options, configuration);
  stopOnSignal(service);
  const address = describeAddress(options.host, service.server.port);
  const place = `${configuration.store.location} into ${options.workers} worker(s)`;
  say(`Listening on ${address}, loading the model from ${place}.`);
  await announce(service, address, options.apiKey.length > 0);
}

await runCommand(import.meta.url, serve);
