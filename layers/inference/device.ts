// Where the model runs: on the CPU, or on a GPU by ONNX Runtime's CUDA provider, which the GPU variant of the API image has.
import { InferenceError } from './errors.ts';
import { loadRuntime, smallestModel } from './session.ts';
import type { Device } from './types.ts';

/** The part of ONNX Runtime's message that a person needs. */
function shorten(message: string): string {
  const failure = /CUDA failure \d+: [^;]+/.exec(message)?.[0].trim();
  if (failure) return failure;
  return message.includes('Failed to load shared library')
    ? 'its CUDA provider or a library of CUDA is missing, as in every image but the one for GPUs'
    : (message.split('\n')[0] ?? message);
}

/** Says why ONNX Runtime cannot use a GPU here; undefined if it can. */
async function findFault(): Promise<string | undefined> {
  const { InferenceSession, env } = await loadRuntime();
  // A provider that does not load is printed to stderr as well, unless only fatal messages are.
  env.logLevel = 'fatal';
  try {
    // A session of it needs a GPU that works, and nothing else.
    await (
      await InferenceSession.create(smallestModel, { executionProviders: ['cuda'], logSeverityLevel: 4 })
    ).release();
    return undefined;
  } catch (error) {
    return shorten(error instanceof Error ? error.message : String(error));
  }
}

/**
 * Chooses the device that models run on. On a CPU that was asked for, nothing is tried.
 *
 * @param wanted - `auto`: the GPU where there is one.
 * @param explain - receives the reason if `auto` takes the CPU.
 * @throws InferenceError if `cuda` is wanted and there is no GPU that works.
 */
export async function chooseDevice(wanted: Device | 'auto', explain: (reason: string) => void): Promise<Device> {
  if (wanted === 'cpu') return 'cpu';
  const fault = await findFault();
  if (fault === undefined) return 'cuda';
  if (wanted === 'cuda')
    throw new InferenceError(
      `MODEL_DEVICE is cuda, and ONNX Runtime has no GPU here (${fault}); use auto or cpu, or give it one`,
    );
  explain(fault);
  return 'cpu';
}
