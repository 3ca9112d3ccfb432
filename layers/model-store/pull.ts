import { runConcurrently } from './concurrency.ts';
import type { Manifest } from './documents.ts';
import { explainMissing, ModelStoreError } from './errors.ts';
import { readManifest } from './manifest.ts';
import { readPointer, type StoredPointer } from './pointer.ts';
import type { Cancellable, FetchedFile, FileEntry, FileRequest, ReadableStore, StoredFile } from './types.ts';
import { keyInVersion } from './version.ts';

/** The graph that is run: `model` on a CPU, `fp16` on a GPU. Not every version has the latter. */
export type Graph = 'model' | 'fp16';

/** Which model to pull, and where to. */
export interface PullOptions extends Cancellable {
  /** A published version; without it, the one that `current.json` names. */
  readonly version?: string | undefined;
  /** Folder on local disk for files from S3. Sound files that are there already are used again. */
  readonly directory: string;
  /** The graphs that can be run, the best first; `model` alone if undefined. No other is fetched. */
  readonly graphs?: readonly Graph[] | undefined;
  /**
   * Called as soon as the tokenizer is verified, while the model's bytes still arrive. It is the best moment to start
   * work that blocks the thread: earlier, that work would delay the requests.
   */
  readonly onTokenizer?: ((path: string, manifest: Manifest) => void) | undefined;
}

/** The durations of a pull's stages, in milliseconds. */
export interface PullStages {
  /** Reading the pointer or manifest, including loading the SDK if it is needed. */
  readonly pointerMs: number;
  /** Fetching both files, which are verified while they arrive. */
  readonly transferMs: number;
  /** The part of `transferMs` that was only verification, after the last byte. */
  readonly verifyMs: number;
}

/** A verified model on local disk. */
export interface PulledModel {
  readonly manifest: Manifest;
  readonly graph: Graph;
  readonly modelPath: string;
  readonly tokenizerPath: string;
  /** `current.json`, whose tag changes with a promotion; undefined for a version that was requested by name. */
  readonly pointer: StoredPointer | undefined;
  /** Bytes that were transferred; 0 if all files were on this disk already. */
  readonly receivedBytes: number;
  readonly stages: PullStages;
}

/**
 * Fetches the model and tokenizer of the current version (or of the one given) to local disk and verifies every byte.
 * It leaves out the version's other files. A version that is requested by name may not have been promoted yet. So its
 * files' parts and wholes must both match the manifest.
 *
 * Without a graph that can be run, nothing is fetched.
 *
 * @throws ModelStoreError naming the store, the key and the reason; the signal's reason if it gives up.
 */
export async function pullModel(store: ReadableStore, options: PullOptions): Promise<PulledModel> {
  const started = performance.now();
  const { manifest, pointer } = await findManifest(store, options);
  const found = performance.now();
  const { graph, entry } = chooseGraph(manifest, options.graphs);
  const { model, tokenizer } = await fetchBoth(store, manifest, { ...options, entry });
  return {
    manifest,
    pointer,
    graph,
    modelPath: model.path,
    tokenizerPath: tokenizer.path,
    receivedBytes: model.receivedBytes + tokenizer.receivedBytes,
    stages: {
      pointerMs: found - started,
      transferMs: performance.now() - found,
      verifyMs: Math.max(model.verifyMs, tokenizer.verifyMs),
    },
  };
}

/** Finds the file of the first graph that the version has. */
function chooseGraph(manifest: Manifest, graphs: readonly Graph[] = ['model']) {
  for (const graph of graphs) {
    const entry = graph === 'fp16' ? manifest.fp16 : entryOf(manifest, 'model');
    if (entry) return { graph, entry };
  }
  throw new ModelStoreError(
    `Version ${manifest.version} has no fp16 graph, which a GPU runs. Train with EXPORT_FP16=true, or serve it on a CPU.`,
  );
}

type FoundManifest = Pick<PulledModel, 'manifest' | 'pointer'>;

async function findManifest(store: ReadableStore, { version, signal }: PullOptions): Promise<FoundManifest> {
  if (version !== undefined) return { manifest: await readManifest(store, version, { signal }), pointer: undefined };
  const pointer = await readPointer(store, { signal });
  return { manifest: pointer.pointer.manifest, pointer };
}

/** Which file of a version to fetch, and where to. */
export interface PullFileOptions extends Cancellable {
  readonly role: FileEntry['role'];
  readonly directory: string;
}

/**
 * Fetches one more file of a version to local disk, verifies it, and returns its path.
 *
 * @throws ModelStoreError naming the store, the key and the reason; or that the version has no file of that role.
 */
export async function pullFile(store: ReadableStore, manifest: Manifest, options: PullFileOptions): Promise<string> {
  const entry = entryOf(manifest, options.role);
  return (await fetchEntry(store, manifest, { ...options, entry, checkWhole: true })).path;
}

/** Fetches the small tokenizer first, so that it does not wait behind the model's parts. */
async function fetchBoth(
  store: ReadableStore,
  manifest: Manifest,
  { entry: model, directory, signal, version, onTokenizer }: PullOptions & Pick<FileRequest, 'entry'>,
) {
  const checkWhole = version !== undefined;
  const fetch = (entry: StoredFile) => (signal: AbortSignal) =>
    fetchEntry(store, manifest, { entry, directory, checkWhole, signal });
  const fetchTokenizer = async (signal: AbortSignal) => {
    const file = await fetch(entryOf(manifest, 'tokenizer'))(signal);
    onTokenizer?.(file.path, manifest);
    return file;
  };
  const [tokenizer, modelFile] = await runConcurrently([fetchTokenizer, fetch(model)], signal);
  return { tokenizer, model: modelFile };
}

/** Finds the file of a role. A parsed manifest has a model and a tokenizer; it may lack the other roles. */
function entryOf({ files, version }: Manifest, role: FileEntry['role']): FileEntry {
  const entry = files.find((file) => file.role === role);
  if (!entry)
    throw new ModelStoreError(`The manifest of version ${version} has no file of role ${role}.`, { damaged: true });
  return entry;
}

type EntryRequest = Pick<FileRequest, 'entry' | 'directory' | 'checkWhole' | 'signal'>;

function fetchEntry(
  store: ReadableStore,
  { version, partBytes }: Manifest,
  request: EntryRequest,
): Promise<FetchedFile> {
  const key = keyInVersion(version, request.entry.path);
  return store.fetchFile({ ...request, key, partBytes }).catch((error: unknown) => {
    throw explainMissing(
      error,
      'the manifest names it, so the version is incomplete. Publish it again, or promote another',
    );
  });
}
