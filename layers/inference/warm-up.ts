// What a session needs and no model: it is made while the model's bytes arrive. Why memory is among it:
// docs/decisions/0090-memory-touched-while-bytes-arrive.md.
import { loadRuntime, smallestModel } from './session.ts';

const options = { intraOpNumThreads: 1, graphOptimizationLevel: 'disabled', logSeverityLevel: 4 } as const;

/**
 * Opens and closes a session of the smallest model. Whatever the first session of a process makes for all others, operators and
 * kernels among it, is then there (20 ms).
 */
export async function warmRuntime(): Promise<void> {
  const { InferenceSession } = await loadRuntime();
  await (await InferenceSession.create(smallestModel, options)).release();
}

/** A graph with two vectors of zeros, of `m` and `n` floats, both in memory at the same time. */
const vectors = Buffer.from(
  'CAg6jQEKFwoBbRIBYSIPQ29uc3RhbnRPZlNoYXBlChcKAW4SAWIiD0NvbnN0YW50T2ZTaGFwZQoMCgFhEgF4IgRTaXplCgwKAWISAXkiBFNpemUSAWdaDwoBbRIKCggIBxIECgIIAVoPCgFuEgoKCAgHEgQKAggBYgsKAXgSBgoECAcSAGILCgF5EgYKBAgHEgBCBAoAEBE=',
  'base64',
);

const floats = (mebibytes: number) => mebibytes * 2 ** 18;

/** The C library keeps freed memory, up to twice of the largest piece that it freed; 32 MiB count at most. */
const largestPiece = floats(31);
/** Both vectors together leave some room below twice of it. */
const largestVector = floats(27);
/** What ONNX Runtime packs of a BERT model's file: the matrices, not the embeddings. */
const packedShare = 0.75;

let touching: Promise<void> | undefined;

/**
 * Allocates and frees as much memory as a session packs the weights into, 54 MiB at most. The process keeps it, so that the session
 * does not wait for the kernel to give and clear its pages: 28 ms of 110 for a model of 110 MB. Without the GNU C library it has no effect.
 * Only the first call of a process does it: later ones would hold up requests.
 *
 * @param modelBytes - length of the model's file.
 */
export function touchMemory(modelBytes: number): Promise<void> {
  touching ??= allocateVectors(modelBytes);
  return touching;
}

async function allocateVectors(modelBytes: number): Promise<void> {
  const { InferenceSession, Tensor } = await loadRuntime();
  // The arena would give it back whole.
  const session = await InferenceSession.create(vectors, {
    ...options,
    enableCpuMemArena: false,
    enableMemPattern: false,
  });
  const length = (count: number) => new Tensor('int64', BigInt64Array.of(BigInt(count)), [1]);
  const vector = Math.min(largestVector, Math.round((modelBytes * packedShare) / 4 / 2));
  await session.run({ m: length(largestPiece), n: length(1) });
  await session.run({ m: length(vector), n: length(vector) });
  await session.release();
}
