// One cell of the matrix: the real handler with the real model, over a server with one fault.
import { mkdtemp, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createApp } from '../../../functions/predict/app.ts';
import { createHandler, type Handler } from '../../../functions/predict/handler.ts';
import { type Manifest, type ModelStore, openModelStore } from '../../../layers/model-store/index.ts';
import {
  createModelProvider,
  createWatch,
  loadModel,
  type ModelProvider,
  removeDownload,
} from '../../../layers/prediction/index.ts';
import { createLog } from '../../../layers/telemetry/index.ts';
import { createEvent, lambdaContext } from '../../functions/predict/http-event.ts';
import { firstVersion, secondVersion } from '../../functions/predict/tiny-store.ts';
import { type FaultyServer, startFaultyServer } from '../../s3/faulty-server.ts';
import { type Budget, graceMs } from './budget.ts';
import { type Cell, faults, meets, nameCell } from './matrix.ts';
import { pointers, prefix, scores, text, type Versions } from './versions.ts';

/** What a cell needs. */
export interface CellContext {
  readonly versions: Versions;
  readonly budget: Budget;
  /** Folder in which the cell makes its own. */
  readonly folder: string;
  /** Replaces the store, to try whether the cell finds a broken one. */
  readonly change?: ((store: ModelStore) => ModelStore) | undefined;
}

/** `answered`: the right answer of the wanted version in spite of the fault. `503`: typed. `old model`: it kept answering. */
export type CellOutcome = 'answered' | '503' | 'old model' | 'wrong';

export interface CellResult {
  readonly outcome: CellOutcome;
  /** Milliseconds of the longest answer under the fault. */
  readonly ms: number;
  readonly findings: readonly string[];
}

/** A service over the cell's server. */
interface Service {
  readonly server: FaultyServer;
  readonly models: ModelProvider;
  /** As on Lambda: the invocation stays awake for background work. */
  readonly invoke: Handler;
  /** Answers without waiting for background work. */
  readonly answer: Handler;
  readonly directory: string;
  /** Why the last load failed, from the log. */
  lastFailure(): string;
  /** Lets the next request look for a new version. */
  passInterval(): void;
}

const refreshMs = 60_000;

async function startService({ target, start }: Cell, context: CellContext): Promise<Service> {
  const { versions, budget, folder, change = (store) => store } = context;
  const server = await startFaultyServer(versions.upstream);
  const directory = await mkdtemp(join(folder, 'cell-'));
  const access = { endpoint: server.endpoint, region: 'us-east-1', retryPolicy: budget.retryPolicy };
  const store = change(openModelStore(`s3://${versions.bucket}/${prefix}`, access));
  const modelVersion = target === 'manifest' && start === 'cold' ? firstVersion : undefined;
  const settings = {
    ...{ store, modelVersion, modelDirectory: directory, refreshMs },
    ...{ device: 'cpu' as const, threads: 1, logLevel: 'error' as const },
  };
  const lines: string[] = [];
  const log = createLog({ level: 'warn', write: (line) => void lines.push(line) });
  let now = 0;
  const watch = createWatch(settings, {
    log,
    now: () => now,
    loadCandidate: (version) => loadModel({ ...settings, modelVersion: version }, { log }),
    onReleased: (model) => removeDownload(settings, model),
  });
  const models = createModelProvider(() => loadModel(settings, { log }), watch);
  const app = createApp({ models, log, modelTimeoutMs: budget.modelMs });
  const passInterval = () => {
    now += refreshMs;
  };
  const lastFailure = () => JSON.parse(lines.at(-1) ?? '{}').error?.message ?? 'no failure';
  return {
    ...{ server, models, directory, lastFailure, passInterval },
    invoke: createHandler(app, { log, settled: models.settled }),
    answer: createHandler(app, { log }),
  };
}

/** An answer as the cell judges it. */
interface Judged {
  readonly outcome: 'first' | 'second' | '503' | 'wrong';
  readonly ms: number;
  /** What is wrong with it. */
  readonly what: string;
}

/** The handler leaves five seconds of the function's time for the answer's way back. */
const marginMs = 5000;

async function ask(handler: Handler, { settleMs }: Budget): Promise<Judged> {
  const started = performance.now();
  const context = { ...lambdaContext, getRemainingTimeInMillis: () => marginMs + settleMs };
  const { statusCode, body } = await handler(createEvent({ query: `sentence=${encodeURIComponent(text)}` }), context);
  const ms = Math.round(performance.now() - started);
  return { outcome: judge(statusCode, body), ms, what: `${statusCode} ${body}` };
}

function judge(status: number, body: string): Judged['outcome'] {
  const { model = '', score = 0, error } = JSON.parse(body);
  if (status === 503 && error?.code === 'MODEL_UNAVAILABLE') return '503';
  if (status !== 200 || Math.abs(score - (scores[model] ?? 0)) > 1e-4) return 'wrong';
  return model === firstVersion ? 'first' : 'second';
}

/** Plans the cell's fault, from now until the server recovers. */
function breakServer({ server }: Service, { fault, target, start, span }: Cell, { versions, budget }: CellContext) {
  const key = (path: string) => path.slice(versions.bucket.length + 1);
  const version = start === 'cold' ? firstVersion : secondVersion;
  const manifest: Manifest = JSON.parse(String(versions.objects.get(`${prefix}/versions/${version}/manifest.json`)));
  const met = new Set<string>();
  server.misbehave((asked) => {
    const name = `${asked.path} ${asked.range}`;
    if (!meets(target, asked, manifest) || (span === 'once' && met.has(name))) return undefined;
    met.add(name);
    const renamed = server.renamed.get(asked.path) ?? asked.path;
    const object = versions.objects.get(key(renamed)) ?? Buffer.of();
    return faults.get(fault)?.({ stallMs: budget.retryPolicy.stallMs, object });
  });
}

function repairServer({ server }: Service): void {
  server.misbehave(() => undefined);
  server.objects.clear();
}

/** Cold start: the first request comes while the fault is there, the second after it. */
async function startCold(service: Service, cell: Cell, context: CellContext): Promise<CellResult> {
  const { budget } = context;
  breakServer(service, cell, context);
  const under = await ask(service.invoke, budget);
  repairServer(service);
  const after = await ask(service.invoke, budget);
  const limit = budget.modelMs + graceMs;
  const findings = [
    ...(under.outcome === 'first' || under.outcome === '503' ? [] : [`the first answer is ${under.what}`]),
    ...(under.ms <= limit ? [] : [`the first answer took ${under.ms} ms, more than ${limit}`]),
    ...(after.outcome === 'first' ? [] : [`the answer after recovery is ${after.what}`]),
  ];
  const outcome = under.outcome === 'first' ? 'answered' : under.outcome === '503' ? '503' : 'wrong';
  return { outcome, ms: under.ms, findings };
}

/** Asks the loaded model again and again while an invocation waits for the store. */
async function askMeanwhile({ answer }: Service, budget: Budget, waiting: Promise<unknown>): Promise<Judged[]> {
  let isWaiting = true;
  waiting.finally(() => {
    isWaiting = false;
  });
  const answers: Judged[] = [];
  while (isWaiting) {
    answers.push(await ask(answer, budget));
    await sleep(20);
  }
  return answers;
}

/** Refresh: a new version appears with the fault; the old one answers; after recovery the new one does. */
async function refresh(service: Service, cell: Cell, context: CellContext): Promise<CellResult> {
  const { budget, versions } = context;
  const { invoke, server, passInterval } = service;
  const before = await ask(invoke, budget);
  const path = (name: string) => `${versions.bucket}/${prefix}/${name}`;
  server.renamed.set(path(pointers.before), path(cell.target === 'manifest' ? pointers.canary : pointers.after));
  breakServer(service, cell, context);
  passInterval();
  const looking = ask(invoke, budget);
  const meanwhile = await askMeanwhile(service, budget, looking);
  const looked = await looking;
  const now = await ask(service.answer, budget);
  repairServer(service);
  // A look that still runs ends first.
  await service.models.settled();
  passInterval();
  const recovering = await ask(invoke, budget);
  const after = await ask(invoke, budget);
  const limit = budget.settleMs + budget.answerMs + graceMs;
  const served = [looked, ...meanwhile, now, recovering];
  const slowest = Math.max(...[...meanwhile, now].map(({ ms }) => ms));
  const findings = [
    ...(before.outcome === 'first' ? [] : [`the answer before the fault is ${before.what}`]),
    ...served
      .filter(({ outcome }) => outcome !== 'first' && outcome !== 'second')
      .map(({ what }) => `an answer during the refresh is ${what}`),
    ...(slowest <= budget.answerMs + graceMs ? [] : [`an answer of the loaded model took ${slowest} ms`]),
    ...(looked.ms <= limit ? [] : [`the invocation that looked took ${looked.ms} ms, more than ${limit}`]),
    ...(after.outcome === 'second' ? [] : [`the answer after recovery is ${after.what}`]),
  ];
  return { outcome: now.outcome === 'second' ? 'answered' : 'old model', ms: slowest, findings };
}

/** Lists all files of a folder. A replaced version may be removed meanwhile. */
async function listFiles(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  } catch {
    return listFiles(folder);
  }
}

/** Files under a final name that are not as published, and unfinished ones. */
async function findBadFiles(directory: string, { objects }: Versions): Promise<string[]> {
  const findings = (await listFiles(directory)).map(async (path) => {
    const name = path.slice(directory.length + 1);
    const content = await readFile(path).catch(() => undefined);
    return content && !objects.get(`${prefix}/${name}`)?.equals(content) ? [`${name} is not as published`] : [];
  });
  return (await Promise.all(findings)).flat();
}

/** Tries one cell. */
export async function tryCell(cell: Cell, context: CellContext): Promise<CellResult> {
  const service = await startService(cell, context);
  try {
    const result = await (cell.start === 'cold' ? startCold : refresh)(service, cell, context);
    const findings = [...result.findings, ...(await findBadFiles(service.directory, context.versions))];
    const why = `The log's last line: ${service.lastFailure()}`;
    return { ...result, findings: findings.map((finding) => `${nameCell(cell)}: ${finding}. ${why}`) };
  } finally {
    await service.server.stop();
    const loaded = service.models.loaded();
    await loaded?.candidate?.model.classifier.release();
    await loaded?.classifier.release();
  }
}
