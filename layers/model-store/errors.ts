interface Details extends ErrorOptions {
  readonly missing?: boolean;
  readonly conflict?: boolean;
  readonly damaged?: boolean;
}

/**
 * The store cannot deliver a model. The message names the store, the key and the reason, and is for the operator's log.
 */
export class ModelStoreError extends Error {
  override readonly name = 'ModelStoreError';
  /** Whether the object does not exist, as opposed to being out of reach or damaged. */
  readonly missing: boolean;
  /** Whether a conditional write lost against another publisher. Nothing was written then. */
  readonly conflict: boolean;
  /** Whether the stored bytes are not the published ones. Reading them again does not help. */
  readonly damaged: boolean;

  constructor(message: string, { missing = false, conflict = false, damaged = false, ...options }: Details = {}) {
    super(message, options);
    this.missing = missing;
    this.conflict = conflict;
    this.damaged = damaged;
  }
}

/**
 * The bytes that arrived are not the published ones. They are requested once more, since a transfer can damage them
 * too.
 */
export class WrongBytesError extends ModelStoreError {
  constructor(message: string, options: ErrorOptions = {}) {
    super(message, { ...options, damaged: true });
  }
}

/** A transfer broke off, stalled or ended early. A retry may help. */
export class TransferError extends Error {
  override readonly name = 'TransferError';
}

/** The code of a system call's error (`ENOENT`, `ECONNRESET`, …); undefined for other errors. */
export function systemCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** The message of an error of any kind. */
export function messageOf(error: unknown): string {
  const message = typeof error === 'object' && error !== null && 'message' in error ? error.message : error;
  return String(message);
}

/** Adds an explanation to an error "… does not exist"; returns any other error unchanged. */
export function explainMissing(error: unknown, meaning: string): unknown {
  if (!(error instanceof ModelStoreError && error.missing)) return error;
  return new ModelStoreError(`${error.message.replace(/\.$/, '')}: ${meaning}.`, { missing: true, cause: error.cause });
}
