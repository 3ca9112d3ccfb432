import type { Classifier, LoadStages, ModelSource } from '../../layers/inference/index.ts';
import { type Manifest, type PulledModel, type PullStages, pullModel } from '../../layers/model-store/index.ts';
import { describeFailure, type Log } from '../../layers/telemetry/index.ts';
import type { Configuration } from './configuration.ts';
import { createOpening } from './open-here.ts';
import { createTimeline, type Timeline } from './timeline.ts';

/** A published version, ready to answer. */
export interface ServedModel {
  readonly manifest: Manifest;
  readonly classifier: Classifier;
  /** The tag of the pointer that named it; undefined for a pinned version. */
  readonly pointerEtag?: string | undefined;
  /** Where the time of bringing its files went. */
  readonly pullStages?: PullStages;
}

/** Makes a classifier of a model's files. */
export type OpenClassifier = (source: ModelSource, options: { readonly threads: number }) => Promise<Classifier>;

interface Dependencies {
  readonly log: Log;
  /** By default in this process. */
  readonly openClassifier?: OpenClassifier;
  /** Called when the model's bytes are on their way: now there is time for other work. */
  readonly onFlow?: () => void;
  /** Where to take down what was done when. */
  readonly timeline?: Timeline;
  /** Gives the fetch up. */
  readonly signal?: AbortSignal;
}

/** The two labels that the answer has places for. */
const neededLabels = ['negative', 'positive'];

function toSource({ manifest, modelPath, tokenizerPath }: PulledModel): ModelSource {
  const { labels, maxTokens, temperature, version } = manifest;
  if (labels.length !== 2 || !neededLabels.every((label) => labels.includes(label))) {
    throw new Error(`Model ${version} has the labels ${labels.join(', ')}; this service needs negative and positive.`);
  }
  return { modelPath, tokenizerPath, labels, maxTokens, temperature };
}

/**
 * Fetches the current or pinned version, verified, and makes a classifier of it. Logs one line: `model loaded` with the
 * milliseconds of each stage and when it was, or `model not loaded` with the reason.
 *
 * @throws the store's or the classifier's error, already logged.
 */
export async function loadServedModel(configuration: Configuration, dependencies: Dependencies): Promise<ServedModel> {
  const { store, modelVersion } = configuration;
  const { log } = dependencies;
  try {
    return await load(configuration, dependencies);
  } catch (error) {
    log.error('model not loaded', { store: store.location, modelVersion, error: describeFailure(error) });
    throw error;
  }
}

async function load(configuration: Configuration, dependencies: Dependencies): Promise<ServedModel> {
  const { store, modelVersion: version, modelDirectory: directory, threads } = configuration;
  const { log, signal, onFlow, openClassifier, timeline = createTimeline() } = dependencies;
  const started = performance.now();
  const here = createOpening(timeline);
  const onTokenizer = (path: string, { maxTokens }: Manifest) => {
    if (!openClassifier) here.prepare(path, maxTokens);
    onFlow?.();
  };
  const pulled = await pullModel(store, { version, directory, signal, onTokenizer });
  const opening = performance.now();
  const classifier = await (openClassifier ?? here.open)(toSource(pulled), { threads });
  const ended = performance.now();
  const stages = { ...pulled.stages, sessionMs: ended - opening, ...classifier.loadStages, totalMs: ended - started };
  noteSpans(timeline, { started, opening, ended }, stages);
  log.info('model loaded', {
    modelVersion: pulled.manifest.version,
    store: store.location,
    threads,
    receivedBytes: pulled.receivedBytes,
    stages: round(stages),
    timeline: Object.fromEntries(Object.entries(timeline.spans).map(([name, span]) => [name, span.map(toTenths)])),
  });
  return { manifest: pulled.manifest, classifier, pointerEtag: pulled.pointerEtag, pullStages: pulled.stages };
}

interface Moments {
  readonly started: number;
  readonly opening: number;
  readonly ended: number;
}

function noteSpans(timeline: Timeline, { started, opening, ended }: Moments, stages: PullStages & Partial<LoadStages>) {
  const pointed = started + stages.pointerMs;
  const { firstRunMs = 0 } = stages;
  timeline.note('pointer', [started, pointed]);
  timeline.note('transfer', [pointed, pointed + stages.transferMs]);
  timeline.note('session', [opening, ended - firstRunMs]);
  timeline.note('firstRun', [ended - firstRunMs, ended]);
}

/** Whole microseconds would pretend to more than a clock in a shared machine knows. */
const toTenths = (ms: number) => Math.round(ms * 10) / 10;

function round(stages: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(stages).map(([stage, ms]) => [stage, toTenths(ms)]));
}
