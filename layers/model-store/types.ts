import type { FileEntry } from './manifest.ts';

/** A small object's bytes as text, with the tag that a conditional read or write compares. */
export interface StoredText {
  readonly text: string;
  readonly etag: string;
}

/** Gives up when the signal does, with the signal's reason. */
export interface Cancellable {
  readonly signal?: AbortSignal | undefined;
}

/** Which file to bring, and where to. */
export interface FileRequest extends Cancellable {
  /** Key in the store: `versions/<version>/<path>`. */
  readonly key: string;
  /** What the manifest says about the file: bytes, SHA-256 of the whole and of each part. */
  readonly entry: FileEntry;
  /** Bytes per part, from the manifest. */
  readonly partBytes: number;
  /** Folder on local disk that fetched files go to, under their key; made if missing. A folder store does not use it. */
  readonly directory: string;
  /** Whether parts that are right are not enough: the manifest's hash of the whole must be right as well. */
  readonly checkWhole?: boolean | undefined;
}

/** A verified file on local disk. */
export interface FetchedFile {
  readonly path: string;
  /** Bytes that were transferred for it: 0 if it was on this disk already. */
  readonly receivedBytes: number;
  /** Milliseconds of verification that did not overlap with the transfer. */
  readonly verifyMs: number;
}

/** What must hold for a write to happen: nothing is there yet, or what is there has this tag. */
export type WriteCondition = { readonly ifAbsent: true } | { readonly ifMatch: string };

/**
 * Where published versions live: an S3 prefix or a folder. Keys are relative to it (`current.json`,
 * `versions/<version>/model.onnx`). Both stores pass one contract suite. All failures are `ModelStoreError`s.
 */
export interface ReadableStore {
  /** The store's address for people and logs: `s3://bucket/prefix`, or a folder's path. */
  readonly location: string;
  /** Reads a small object whole. */
  readText(key: string, options?: Cancellable): Promise<StoredText>;
  /** Reads a small object unless its tag is still the one given; then undefined. */
  readTextIfChanged(key: string, etag: string, options?: Cancellable): Promise<StoredText | undefined>;
  /**
   * Brings a file to local disk, every byte verified against its entry. A folder store verifies it in place; the S3
   * store writes it under `directory`, where it has its final name only when it is verified.
   */
  fetchFile(request: FileRequest): Promise<FetchedFile>;
}

/** A store that also takes what publishing and promoting write. */
export interface ModelStore extends ReadableStore {
  /**
   * Writes a small object whole, or not at all; returns its tag. If the condition does not hold, the error's
   * `conflict` is true.
   */
  writeText(key: string, text: string, condition: WriteCondition): Promise<string>;
  /** Every key under a folder of the store, sorted; empty if there is none. */
  listKeys(folder: string): Promise<string[]>;
}
