/** A small object's bytes as text, with the tag that a conditional read or write compares. */
export interface StoredText {
  readonly text: string;
  readonly etag: string;
}

/** An operation that stops when its signal is aborted, and rejects with the signal's reason. */
export interface Cancellable {
  readonly signal?: AbortSignal | undefined;
}

/** One file of a version, as its manifest describes it. */
export interface StoredFile {
  /** Name in the version's folder. */
  readonly path: string;
  /** Length. */
  readonly bytes: number;
  /** SHA-256 of the whole file, in lower-case hex. */
  readonly sha256: string;
  /** SHA-256 of each part of the manifest's `partBytes` bytes; the last part may be shorter. */
  readonly parts: readonly string[];
}

/** A file of the manifest's list. */
export interface FileEntry extends StoredFile {
  readonly role: 'model' | 'tokenizer' | 'golden' | 'weights' | 'config' | 'report';
}

/** Which file to fetch, and where to. */
export interface FileRequest extends Cancellable {
  /** Key in the store: `versions/<version>/<path>`. */
  readonly key: string;
  /** What the manifest says about the file: bytes, SHA-256 of the whole and of each part. */
  readonly entry: StoredFile;
  /** Bytes per part, from the manifest. */
  readonly partBytes: number;
  /** Folder on local disk for fetched files, under their key; created if missing. A folder store does not use it. */
  readonly directory: string;
  /** Whether the hash of the whole file is checked in addition to the hashes of its parts. */
  readonly checkWhole?: boolean | undefined;
}

/** A verified file on local disk. */
export interface FetchedFile {
  readonly path: string;
  /** Bytes that were transferred for it; 0 if it was on this disk already. */
  readonly receivedBytes: number;
  /** Milliseconds of verification that did not overlap with the transfer. */
  readonly verifyMs: number;
}

/** The condition of a write: no object is there yet, or the object there has this tag. */
export type WriteCondition = { readonly ifAbsent: true } | { readonly ifMatch: string };

/**
 * Where published versions live: an S3 prefix or a folder. Keys are relative to it (`current.json`,
 * `versions/<version>/model.onnx`). Both stores pass one contract suite. All failures are `ModelStoreError`s.
 */
export interface ReadableStore {
  /** The store's address for messages and logs: `s3://bucket/prefix`, or a folder's path. */
  readonly location: string;
  /** Reads a small object whole. */
  readText(key: string, options?: Cancellable): Promise<StoredText>;
  /** Reads a small object; returns undefined if its tag is still the one given. */
  readTextIfChanged(key: string, etag: string, options?: Cancellable): Promise<StoredText | undefined>;
  /**
   * Fetches a file to local disk and verifies every byte against its entry. A folder store verifies it in place. The S3
   * store writes it under `directory`, where it gets its final name only after it is verified.
   */
  fetchFile(request: FileRequest): Promise<FetchedFile>;
  /** Forgets connections and credentials. The next request opens new ones, as the copy of a process must. */
  reconnect(): void;
}

/** A store that can also be written to, for publishing and promoting. */
export interface ModelStore extends ReadableStore {
  /**
   * Writes a small object whole or not at all, and returns its tag. If the condition does not hold, the error's
   * `conflict` is true.
   */
  writeText(key: string, text: string, condition: WriteCondition): Promise<string>;
  /** Lists every key under a folder of the store, sorted; empty if there is none. */
  listKeys(folder: string): Promise<string[]>;
}
