// The matrix of the campaign: which fault meets which read, when, and how often.
import type { Manifest } from '../../../layers/model-store/index.ts';
import type { Asked, Fault } from '../../s3/faulty-server.ts';

/** What the fault meets. */
export const targets = ['pointer', 'manifest', 'tokenizer', 'first range', 'middle range', 'last range'] as const;
export type Target = (typeof targets)[number];

/** A cold start, or a new version that appears while the old one answers. */
export const starts = ['cold', 'refresh'] as const;
export type Start = (typeof starts)[number];

/** The fault meets the first request of each kind only, or all until the server recovers. */
export const spans = ['once', 'lasting'] as const;
export type Span = (typeof spans)[number];

const xml = (status: number, code: string, headers?: Readonly<Record<string, string>>): (() => Fault) => {
  const fault: Fault = headers ? { status, code, headers } : { status, code };
  return () => fault;
};

/** What a fault may depend on. */
interface Occasion {
  /** Milliseconds without a byte after which a request is dead. */
  readonly stallMs: number;
  /** The object that is asked for. */
  readonly object: Buffer;
}

/** Bytes of the same length that are not the published ones. A small text stays valid: only its tag is another. */
function replace(object: Buffer): Buffer {
  const isText = object[0] === '{'.charCodeAt(0);
  return isText ? Buffer.concat([object, Buffer.from('\n')]) : Buffer.alloc(object.length, 1);
}

/** The faults, by the name of their row. */
const rows: readonly (readonly [string, (occasion: Occasion) => Fault])[] = [
  ['slow', ({ stallMs }) => ({ pauseMs: stallMs / 4, pieces: 3 })],
  ['trickling', ({ stallMs, object }) => ({ pauseMs: stallMs / 4, pieces: object.length })],
  ['silent', () => ({ silent: true })],
  ['stalled', () => ({ stallAfter: 30 })],
  ['reset', () => ({ dropAfter: 30 })],
  ['short body', () => ({ shortBy: 10 })],
  ['long body', () => ({ longBy: 10 })],
  ['changed between ranges', ({ object }) => ({ replacement: replace(object) })],
  ['403', xml(403, 'AccessDenied')],
  ['404', xml(404, 'NoSuchKey')],
  ['412', xml(412, 'PreconditionFailed')],
  ['416', xml(416, 'InvalidRange')],
  ['429', xml(429, 'TooManyRequests')],
  ['500', xml(500, 'InternalError')],
  ['503', xml(503, 'SlowDown')],
  ['503 with Retry-After', xml(503, 'SlowDown', { 'retry-after': '1' })],
  ['wrong checksum', () => ({ damaged: true })],
  ['wrong length header', () => ({ claimBy: 10 })],
  ['no length header', () => ({ chunked: true })],
  ['redirect', xml(307, 'TemporaryRedirect', { location: 'http://127.0.0.1:1/elsewhere' })],
  ['clock skew', () => ({ skewMs: 3_600_000 })],
  ['expired token', xml(400, 'ExpiredToken')],
];

/** The faults by their names. */
export const faults: ReadonlyMap<string, (occasion: Occasion) => Fault> = new Map(rows);

/** One cell of the matrix. */
export interface Cell {
  readonly fault: string;
  readonly target: Target;
  readonly start: Start;
  readonly span: Span;
}

/** All cells, in the order of the table's rows. */
export const listCells = (): readonly Cell[] =>
  [...faults.keys()].flatMap((fault) =>
    targets.flatMap((target) => starts.flatMap((start) => spans.map((span) => ({ fault, target, start, span })))),
  );

/** `reset of the middle range, refresh, lasting`. */
export const nameCell = ({ fault, target, start, span }: Cell): string => `${fault}, ${target}, ${start}, ${span}`;

/** First bytes of the model's first, middle and last part. */
function startOf(target: Target, { files, partBytes }: Manifest): number | undefined {
  const count = files.find(({ role }) => role === 'model')?.parts.length ?? 0;
  const indices: Readonly<Record<string, number>> = {
    'first range': 0,
    'middle range': count >> 1,
    'last range': count - 1,
  };
  const index = indices[target];
  return index === undefined ? undefined : index * partBytes;
}

/** Whether a request is for what the cell's fault meets. */
export function meets(target: Target, { path, range }: Asked, manifest: Manifest): boolean {
  if (!path.includes('/versions/')) return target === 'pointer';
  if (!path.includes(manifest.version)) return false;
  if (path.endsWith('manifest.json')) return target === 'manifest';
  if (path.endsWith('tokenizer.json')) return target === 'tokenizer';
  return range?.startsWith(`bytes=${startOf(target, manifest)}-`) ?? false;
}
