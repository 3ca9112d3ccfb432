import type { Classifier, Device, LoadOptions, LoadStages, ModelSource, Tokenize } from '../inference/index.ts';
import { type Graph, type Manifest, type PulledModel, type PullStages, pullModel } from '../model-store/index.ts';
import { describeFailure, type Log } from '../telemetry/index.ts';
import type { ModelSettings } from './model-settings.ts';

/** A published version, ready to answer. */
export interface LoadedModel {
  readonly manifest: Manifest;
  readonly classifier: Classifier;
  /** The pointer that named the version, with its tag; undefined for a version that was requested by name. */
  readonly pointer?: PulledModel['pointer'];
  /** Milliseconds of each stage of the download. */
  readonly pullStages?: PullStages;
}

/** Creates a classifier from a model's files. */
export type OpenClassifier = (
  source: ModelSource,
  options: Pick<LoadOptions, 'threads' | 'device'>,
) => Promise<Classifier>;

interface Dependencies {
  readonly log: Log;
  /** By default the classifier runs in this process. */
  readonly openClassifier?: OpenClassifier;
  /** Called while the model's bytes are arriving. There is time for other work then. */
  readonly onDownloading?: () => void;
  /** Receives the spans of the load. */
  readonly timeline?: Timeline;
  /** Cancels the download. */
  readonly signal?: AbortSignal;
}

/**
 * Fetches the current or the pinned version, verifies it and creates a classifier from it. The settings' device decides which of
 * its graphs is fetched. Logs one line: `model loaded`
 * with the milliseconds of each stage and the timeline, or `model not loaded` with the reason.
 *
 * @throws the store's or the classifier's error, already logged.
 */
export async function loadModel(settings: ModelSettings, dependencies: Dependencies): Promise<LoadedModel> {
  const { store, modelVersion } = settings;
  const { log } = dependencies;
  try {
    return await pullAndOpen(settings, dependencies);
  } catch (error) {
    log.error('model not loaded', { store: store.location, modelVersion, error: describeFailure(error) });
    throw error;
  }
}

async function pullAndOpen(settings: ModelSettings, dependencies: Dependencies): Promise<LoadedModel> {
  const { store, modelVersion: version, modelDirectory: directory, threads } = settings;
  const { log, signal, onDownloading, openClassifier, timeline = createTimeline() } = dependencies;
  const device = await findDevice(settings, log);
  const started = performance.now();
  // A folder's bytes are there: nothing is waited for meanwhile.
  const loader = createClassifierLoader(timeline, store.location.startsWith('s3://') && device === 'cpu');
  const onTokenizer = (path: string, manifest: Manifest) => {
    if (!openClassifier) loader.preload(path, manifest);
    onDownloading?.();
  };
  const pulled = await pullModel(store, {
    version,
    directory,
    graphs: listGraphs(settings, device),
    signal,
    onTokenizer,
  });
  if (device === 'cuda' && pulled.graph === 'model')
    log.info('model runs on the CPU', { reason: 'it has no fp16 graph: train with EXPORT_FP16=true' });
  const opening = performance.now();
  const classifier = await (openClassifier ?? loader.open)(toSource(pulled), {
    threads,
    device: pulled.graph === 'fp16' ? 'cuda' : 'cpu',
  });
  const ended = performance.now();
  const stages = { ...pulled.stages, sessionMs: ended - opening, ...classifier.loadStages, totalMs: ended - started };
  recordSpans(timeline, { started, opening, ended }, stages);
  log.info('model loaded', {
    modelVersion: pulled.manifest.version,
    store: store.location,
    threads,
    ...(pulled.graph === 'fp16' && { device }),
    receivedBytes: pulled.receivedBytes,
    stages: round(stages),
    timeline: Object.fromEntries(Object.entries(timeline.spans).map(([name, span]) => [name, span.map(toTenths)])),
  });
  return { manifest: pulled.manifest, classifier, pointer: pulled.pointer, pullStages: pulled.stages };
}

/**
 * Finds the device that models run on. Logs one line if `auto` takes the CPU.
 *
 * @throws InferenceError if `cuda` is wanted and there is no GPU that works.
 */
export async function findDevice({ device }: Pick<ModelSettings, 'device'>, log: Log): Promise<Device> {
  // A function on Lambda loads no code for a question that it does not have.
  if (device === 'cpu') return 'cpu';
  const { chooseDevice } = await import('../inference/index.ts');
  return chooseDevice(device, (reason) => log.info('model runs on the CPU', { reason }));
}

/** A version without an fp16 graph runs on the CPU, unless the GPU is demanded. */
function listGraphs(wanted: Pick<ModelSettings, 'device'>, found: Device): readonly Graph[] {
  if (found === 'cpu') return ['model'];
  return wanted.device === 'cuda' ? ['fp16'] : ['fp16', 'model'];
}

function toSource({ manifest, modelPath, tokenizerPath }: PulledModel): ModelSource {
  const { labels, maxTokens, temperature } = manifest;
  return { modelPath, tokenizerPath, labels, maxTokens, temperature };
}

/** Creates a classifier in this process, in two steps. */
interface ClassifierLoader {
  /** Loads what does not need the model's bytes: the code, ONNX Runtime's library, the tokenizer. */
  preload(tokenizerPath: string, manifest: Manifest): void;
  readonly open: OpenClassifier;
}

/** The bytes of a smaller model arrive before memory is made ready. */
const leastBytes = 64 << 20;

/** Loads nothing before `preload` or `open` is called: loading earlier would delay the requests for the model's bytes. */
function createClassifierLoader({ time }: Timeline, isDownloaded: boolean): ClassifierLoader {
  const importInference = () => import('../inference/index.ts');
  let tokenizer: Promise<Tokenize> | undefined;
  let isOpening = false;
  const warmUp = async ({ files }: Manifest) => {
    const { warmRuntime, touchMemory } = await importInference();
    await time('runtime', warmRuntime);
    await tokenizer;
    const { bytes = 0 } = files.find(({ role }) => role === 'model') ?? {};
    if (bytes >= leastBytes && !isOpening) await time('memory', () => touchMemory(bytes));
  };
  return {
    preload: (path, manifest) => {
      const inference = importInference();
      tokenizer = inference.then(({ loadTokenizer }) =>
        time('tokenizer', () => loadTokenizer(path, manifest.maxTokens)),
      );
      ignoreRejection(tokenizer);
      const prepare = isDownloaded
        ? warmUp(manifest)
        : inference.then(({ loadRuntime }) => time('runtime', loadRuntime));
      ignoreRejection(prepare);
    },
    open: async (source, options) => {
      isOpening = true;
      return (await importInference()).loadClassifier(source, { ...options, tokenizer });
    },
  };
}

/** The failure is reported where the result is used. Here it only must not count as an unhandled rejection. */
function ignoreRejection(promise: Promise<unknown>): void {
  promise.catch(() => undefined);
}

/** Start and end of a piece of work, in milliseconds since the process began. */
export type Span = readonly [start: number, end: number];

/** Records when each piece of a cold start began and ended. The spans overlap. */
export interface Timeline {
  /** What is recorded so far. */
  readonly spans: Readonly<Record<string, Span>>;
  /** Runs a piece of work and records its span, whether it succeeds or not. */
  time<T>(name: string, work: () => Promise<T>): Promise<T>;
  record(name: string, span: Span): void;
}

export function createTimeline(): Timeline {
  const spans: Record<string, Span> = {};
  const record = (name: string, span: Span) => {
    spans[name] = span;
  };
  const time = async <T>(name: string, work: () => Promise<T>) => {
    const start = performance.now();
    return work().finally(() => record(name, [start, performance.now()]));
  };
  return { spans, time, record };
}

interface Moments {
  readonly started: number;
  readonly opening: number;
  readonly ended: number;
}

function recordSpans(
  timeline: Timeline,
  { started, opening, ended }: Moments,
  stages: PullStages & Partial<LoadStages>,
): void {
  const { pointerMs, transferMs, firstRunMs = 0 } = stages;
  const pointerEnd = started + pointerMs;
  timeline.record('pointer', [started, pointerEnd]);
  timeline.record('transfer', [pointerEnd, pointerEnd + transferMs]);
  timeline.record('session', [opening, ended - firstRunMs]);
  timeline.record('firstRun', [ended - firstRunMs, ended]);
}

/** The clock of a shared machine is not exact to the microsecond. */
const toTenths = (ms: number) => Math.round(ms * 10) / 10;

function round(stages: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(stages).map(([stage, ms]) => [stage, toTenths(ms)]));
}
