// Compares the answers of the last day with those on the validation rows of the model that gave them.
import { type Manifest, type ModelStore, readManifest, readPointerState } from '../../layers/model-store/index.ts';
import { type Feature, listBinMetrics } from '../../layers/prediction/index.ts';
import type { Period } from './counts.ts';
import { computeStabilityIndex } from './stability-index.ts';

/** One feature: its index, and the counts by bin that it comes from. */
export interface FeatureDrift {
  readonly index: number;
  readonly expected: readonly number[];
  readonly actual: readonly number[];
}

/** What is known about the last day. */
export type Measurement =
  | { readonly kind: 'no model' }
  /** The version's manifest has no histograms. `recent`: it became current within the last day. */
  | { readonly kind: 'no histograms'; readonly version: string; readonly recent: boolean }
  | { readonly kind: 'too few answers'; readonly version: string; readonly answers: number }
  | {
      readonly kind: 'measured';
      readonly version: string;
      readonly answers: number;
      readonly features: Readonly<Record<Feature, FeatureDrift>>;
    };

interface Source {
  readonly store: ModelStore;
  /** The only version that is served; undefined for the current one. */
  readonly modelVersion: string | undefined;
  /** Sums metrics by name. */
  readonly read: (names: readonly string[], period: Period) => Promise<ReadonlyMap<string, number>>;
  /** With fewer answers nothing is measured. */
  readonly leastAnswers: number;
  readonly now: Date;
}

interface Served {
  readonly manifest: Manifest;
  /** Milliseconds since 1970; 0 if it is not known. */
  readonly since: number;
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

async function findServed({ store, modelVersion }: Source): Promise<Served | undefined> {
  if (modelVersion !== undefined) return { manifest: await readManifest(store, modelVersion), since: 0 };
  const { pointer } = await readPointerState(store);
  return pointer && { manifest: pointer.manifest, since: Date.parse(pointer.promotedAt) };
}

/** The last 24 whole hours, without those in which another version answered. */
function choosePeriod(now: Date, since: number): Period {
  const end = Math.floor(now.getTime() / hourMs) * hourMs;
  const start = Math.max(end - dayMs, Math.ceil(since / hourMs) * hourMs);
  return { start: new Date(start), end: new Date(end) };
}

/** The histograms of a manifest, in the order of the metrics that count the same. */
function listExpected({ labels, metrics }: Manifest): Readonly<Record<Feature, readonly number[]>> | undefined {
  if (!metrics.distribution) return undefined;
  const { class: classes, score, length, unknown } = metrics.distribution;
  return { score, length, unknown, class: labels.map((label) => classes[label] ?? 0) };
}

const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);

/**
 * Measures the drift of the last day.
 *
 * @throws ModelStoreError if the store cannot be read.
 * @throws what `read` throws.
 */
export async function measureDrift(source: Source): Promise<Measurement> {
  const served = await findServed(source);
  if (!served) return { kind: 'no model' };
  const { manifest, since } = served;
  const { version, labels } = manifest;
  const period = choosePeriod(source.now, since);
  const expected = listExpected(manifest);
  if (!expected) return { kind: 'no histograms', version, recent: source.now.getTime() - since < dayMs };
  const metrics = listBinMetrics(labels);
  const counts =
    period.start < period.end ? await source.read(Object.values(metrics).flat(), period) : new Map<string, number>();
  const actual = (feature: Feature) => metrics[feature].map((name) => counts.get(name) ?? 0);
  const answers = sum(actual('score'));
  if (answers < source.leastAnswers) return { kind: 'too few answers', version, answers };
  const compare = (feature: Feature): FeatureDrift => {
    const [before, now] = [expected[feature], actual(feature)];
    return { index: computeStabilityIndex(before, now), expected: before, actual: now };
  };
  const features = {
    score: compare('score'),
    class: compare('class'),
    length: compare('length'),
    unknown: compare('unknown'),
  };
  return { kind: 'measured', version, answers, features };
}
