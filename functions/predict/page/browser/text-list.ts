// Asks for many texts in requests of limited size, one after the other.
import type { Result } from '../../answer-schema.ts';
import { type Failure, predict, type Question } from './service.ts';

/** The service takes 256 texts and 1 MiB in one request. Smaller requests show progress. */
const mostTexts = 32;
const mostCharacters = 200_000;

/** Attempts of a request that the service was too busy for. */
const attempts = 10;

/** Which texts the next request takes, from a position on: at least one. */
export function takeChunk(texts: readonly string[], from: number): readonly string[] {
  let characters = 0;
  const end = texts.findIndex((text, index) => {
    if (index < from) return false;
    characters += text.length;
    return index - from === mostTexts || (characters > mostCharacters && index > from);
  });
  return texts.slice(from, end < 0 ? texts.length : end);
}

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** A request with some of the texts failed for good. */
export class ListError extends Error {
  override readonly name = 'ListError';

  constructor({ message }: Failure) {
    super(message);
  }
}

/** What a list needs from its panel. */
interface Listener {
  readonly onQuestion: (question: Question) => void;
  /** Called with all results so far. */
  readonly onResults: (results: readonly Result[]) => void;
}

/**
 * Asks for all texts, in their order.
 *
 * @throws ListError if a request fails for good, and what the signal's reason is if it aborts.
 */
export async function classifyTexts(
  texts: readonly string[],
  long: Question['parameters']['long'],
  signal: AbortSignal,
  { onQuestion, onResults }: Listener,
): Promise<void> {
  const results: Result[] = [];
  while (results.length < texts.length) {
    const question = { inputs: takeChunk(texts, results.length), parameters: { long } };
    onQuestion(question);
    results.push(...(await answerChunk(question, signal)));
    onResults(results);
  }
}

/** Repeats a request that came at a bad moment. Results end where the service ran out of time; the rest is asked again. */
async function answerChunk(question: Question, signal: AbortSignal): Promise<readonly Result[]> {
  let failure: Failure = { code: 'EMPTY', message: 'The service answered without results.' };
  for (let attempt = 0; attempt < attempts; attempt++) {
    const reply = await predict(question, signal);
    if ('failure' in reply) failure = reply.failure;
    else {
      const late = reply.body.results.findIndex((result) => 'error' in result && result.error.code === 'TIME_BUDGET');
      const done = late < 0 ? reply.body.results : reply.body.results.slice(0, late);
      if (done.length > 0) return done;
    }
    if (failure.retryAfter === undefined) break;
    await sleep(1000 * failure.retryAfter);
    signal.throwIfAborted();
  }
  throw new ListError(failure);
}
