/** A model's files do not make a working classifier, or a run of it failed. The message is for the operator's log. */
export class InferenceError extends Error {
  override readonly name = 'InferenceError';
}

/** A text is longer than the windows that one answer may have. The message is for the caller. */
export class WindowsTooManyError extends Error {
  override readonly name = 'WindowsTooManyError';

  constructor(most: number) {
    super(`the text takes more than ${most} windows; send it in parts`);
  }
}

/** Turns any error into an `InferenceError` that says what was being done. */
export function asInferenceError(doing: string, cause: unknown): InferenceError {
  if (cause instanceof InferenceError) return cause;
  // Not `instanceof`: under jest, Node's own errors come from another realm.
  const reason = typeof cause === 'object' && cause !== null && 'message' in cause ? cause.message : cause;
  return new InferenceError(`${doing}: ${reason}`, { cause });
}
