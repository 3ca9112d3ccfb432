// `npm start`: the application of functions/predict on a port of this machine, with the model in worker processes.
import { createApp } from '../functions/predict/app.ts';
import { type Configuration, ConfigurationError } from '../functions/predict/configuration.ts';
import { createWatch } from '../functions/predict/freshness.ts';
import { createModelProvider, type ModelProvider } from '../functions/predict/model-provider.ts';
import { loadServedModel } from '../functions/predict/served-model.ts';
import { createLog } from '../layers/telemetry/index.ts';
import { UsageError } from './command-line.ts';
import { startPool } from './pool/pool.ts';
import { readLocalConfiguration, workerPath } from './project.ts';
import { type RunningServer, startServer } from './serving/http-server.ts';
import { readServeOptions, type ServeOptions, usage } from './serving/options.ts';

const say = (text: string) => process.stderr.write(`${text}\n`);

interface Service {
  readonly models: ModelProvider;
  readonly server: RunningServer;
  /** Gives up a load that is under way. */
  readonly loading: AbortController;
}

async function start(options: ServeOptions, configuration: Configuration): Promise<Service> {
  const log = createLog({ level: configuration.logLevel });
  const loading = new AbortController();
  const { workers, queueDepth } = options;
  const load = () =>
    loadServedModel(configuration, {
      log,
      signal: loading.signal,
      openClassifier: (source, { threads }) => startPool(source, { workerPath, workers, threads, queueDepth, log }),
    });
  const models = createModelProvider(load, createWatch(configuration, { log }));
  const app = createApp({ models, log, logText: configuration.logText });
  return { models, loading, server: await startServer(app, options) };
}

/** The first signal lets requests in flight be answered; the second does not wait for them. */
function stopOnSignal({ models, server, loading }: Service): void {
  let stopping = false;
  const stop = async () => {
    if (stopping) process.exit(1);
    stopping = true;
    loading.abort(new Error('the server is stopping'));
    await server.close();
    await models.loaded()?.classifier.release();
    process.exit(0);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop);
}

/** A server without a model answers 503 and tries again with each request, so that it recovers by itself. */
async function announce({ models, loading }: Service, address: string): Promise<void> {
  try {
    const { manifest } = await models.current();
    say(`Ready with model ${manifest.version}. Try:`);
    say(`  curl '${address}/predict?sentence=this%20is%20the%20best%20book%20ever'`);
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

async function serve(): Promise<void> {
  const options = readServeOptions(process.argv.slice(2));
  if (options.help) return void process.stdout.write(usage);
  const configuration = readLocalConfiguration(options.workers);
  const service = await start(options, configuration);
  stopOnSignal(service);
  const address = describeAddress(options.host, service.server.port);
  say(
    `Listening on ${address}, loading the model from ${configuration.store.location} into ${options.workers} worker(s).`,
  );
  await announce(service, address);
}

// A reader of the log that goes away must not take the server with it.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
await serve().catch((error: unknown) => {
  const expected = error instanceof UsageError || error instanceof ConfigurationError;
  say(expected || !(error instanceof Error) ? `${error instanceof Error ? error.message : error}` : `${error.stack}`);
  process.exit(2);
});
