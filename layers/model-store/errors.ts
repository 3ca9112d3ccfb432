interface Details extends ErrorOptions {
  readonly missing?: boolean;
  readonly conflict?: boolean;
  readonly damaged?: boolean;
}

/** A model could not be had: the message names the store, the key and the reason, and is for the operator's log. */
export class ModelStoreError extends Error {
  override readonly name = 'ModelStoreError';
  /** The object does not exist, as opposed to being out of reach or damaged. */
  readonly missing: boolean;
  /** A conditional write lost against another publisher: nothing was written. */
  readonly conflict: boolean;
  /** What is stored is not what was published: asking again brings the same. */
  readonly damaged: boolean;

  constructor(message: string, { missing = false, conflict = false, damaged = false, ...options }: Details = {}) {
    super(message, options);
    this.missing = missing;
    this.conflict = conflict;
    this.damaged = damaged;
  }
}

/** The bytes that came are not the published ones. Tried again once, since a transfer can damage them too. */
export class WrongBytesError extends ModelStoreError {
  constructor(message: string, options: ErrorOptions = {}) {
    super(message, { ...options, damaged: true });
  }
}

/** A transfer broke off, stalled or came short: trying again may help. */
export class TransferError extends Error {
  override readonly name = 'TransferError';
}

/** What a system call's error is called (`ENOENT`, `ECONNRESET`, …), if it is one. */
export function systemCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** An unknown failure's own words. */
export function messageOf(error: unknown): string {
  const message = typeof error === 'object' && error !== null && 'message' in error ? error.message : error;
  return String(message);
}

/** Adds what it means to a message that says "… does not exist"; returns any other error as it is. */
export function explainMissing(error: unknown, meaning: string): unknown {
  if (!(error instanceof ModelStoreError && error.missing)) return error;
  return new ModelStoreError(`${error.message.replace(/\.$/, '')}: ${meaning}.`, { missing: true, cause: error.cause });
}
