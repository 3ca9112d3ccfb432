// zod's small form: all of zod takes five times as long to load, and a cold start waits for it. See
// docs/decisions/0040-reading-s3-without-the-sdk.md.
import * as z from 'zod/mini';
import english from 'zod/v4/locales/en.js';
import { explainMissing, ModelStoreError, messageOf } from './errors.ts';
import type { Cancellable, FileEntry, ModelStore, ReadableStore, StoredFile } from './types.ts';

z.config(english());

const sha256 = z.string().check(z.regex(/^[0-9a-f]{64}$/, 'is not a SHA-256 in lower-case hex'));
const fileName = z.string().check(z.regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'is not a plain file name'));
/** The schema of a version's name. */
export const versionName = z.string().check(z.regex(/^\d{8}T\d{6}Z-[0-9a-f]{7}$/, 'is not a version name'));
const positive = z.int().check(z.positive());
// Loose: fields that a newer training adds are kept, since the pointer carries the whole manifest.
const quality = z.looseObject({ accuracy: z.number(), f1: z.number(), auc: z.number(), ece: z.number() });
const measured = z.extend(quality, { rows: z.int() });
const ofClass = z.looseObject({ rows: z.int(), precision: z.number(), recall: z.number(), f1: z.number() });
const byClass = z.extend(measured, {
  // Older versions have no figures by class, and two classes need no polar ones.
  macroF1: z.optional(z.number()),
  classes: z.optional(z.record(z.string(), ofClass)),
  confusion: z.optional(z.array(z.array(z.int()))),
  polar: z.optional(measured),
});
const oneSet = z.extend(byClass, { name: z.string(), use: z.string() });
const counts = z.array(z.int().check(z.nonnegative()));
const distribution = z.looseObject({
  rows: z.int(),
  class: z.record(z.string(), z.int()),
  score: counts,
  length: counts,
  unknown: counts,
});
const behaviour = z.looseObject({ name: z.string(), cases: z.int(), failed: z.number() });

const storedFile = z.looseObject({ path: fileName, bytes: positive, sha256, parts: z.array(sha256) });
const fp16Graph: z.ZodMiniType<StoredFile> = storedFile;
const fileEntry: z.ZodMiniType<FileEntry> = z.extend(storedFile, {
  role: z.enum(['model', 'tokenizer', 'golden', 'weights', 'config', 'report']),
});

const manifestShape = z.looseObject({
  schema: z.literal(1),
  version: versionName,
  createdAt: z.iso.datetime(),
  labels: z.array(z.string()).check(z.minLength(2)),
  maxTokens: z.int().check(z.minimum(3)),
  temperature: z.number().check(z.positive()),
  precision: z.enum(['int8', 'fp32']),
  onnxruntime: z.string(),
  partBytes: positive,
  files: z.array(fileEntry),
  // Not in the list, because programs from before it refuse a role that they do not know.
  fp16: z.optional(fp16Graph),
  metrics: z.extend(byClass, {
    reference: quality,
    flipped: z.number(),
    distribution: z.optional(distribution),
    sets: z.optional(z.array(oneSet)),
    behaviours: z.optional(z.array(behaviour)),
  }),
  provenance: z.record(z.string(), z.unknown()),
});

/** `manifest.json`, which describes a version: see docs/model-artifact.md. */
export type Manifest = z.infer<typeof manifestShape>;

const hasOne = (role: FileEntry['role']) => (manifest: Manifest) =>
  manifest.files.filter((file) => file.role === role).length === 1;

/** Lists all files of a version but its manifest: those with a role, and the graph for GPUs if there is one. */
export const listVersionFiles = ({ files, fp16 }: Pick<Manifest, 'files' | 'fp16'>): readonly StoredFile[] =>
  fp16 ? [...files, fp16] : files;

const partsFit = (manifest: Manifest) =>
  listVersionFiles(manifest).every(({ bytes, parts }) => parts.length === Math.ceil(bytes / manifest.partBytes));

function pathsDiffer(manifest: Manifest): boolean {
  const paths = listVersionFiles(manifest).map(({ path }) => path);
  return new Set(paths).size === paths.length;
}

/** The schema of `manifest.json`, and of the manifest inside a pointer. */
export const manifestSchema = manifestShape.check(
  z.refine(hasOne('model'), { path: ['files'], message: 'must hold exactly one file of role model' }),
  z.refine(hasOne('tokenizer'), { path: ['files'], message: 'must hold exactly one file of role tokenizer' }),
  z.refine(pathsDiffer, { path: ['files'], message: 'two files have the same path' }),
  z.refine(partsFit, { path: ['files'], message: 'a file has not one hash for each part of partBytes bytes' }),
);

/** One part of a file: bytes `start` to `end`, both included, and their SHA-256. */
export interface Part {
  readonly index: number;
  readonly start: number;
  readonly end: number;
  readonly sha256: string;
}

/** Lists the consecutive parts of a file, as its manifest entry describes them. */
export const listParts = ({ bytes, parts }: StoredFile, partBytes: number): Part[] =>
  parts.map((sha256, index) => ({
    index,
    start: index * partBytes,
    end: Math.min((index + 1) * partBytes, bytes) - 1,
    sha256,
  }));

/** A longer text is no manifest and is not read into memory: 4 MiB hold the part hashes of half a terabyte. */
export const longestTextBytes = 4 << 20;

/** The end of the error message for a text that is too long to be a manifest. */
export const describeLongText = (bytes: number): string =>
  `has ${bytes} bytes, too many for a manifest or pointer (at most ${longestTextBytes}).`;

/** Where a text was read, for error messages. */
export interface TextSource {
  readonly location: string;
  readonly key: string;
}

/** Whether a text has the form of a version's name, such as `20261123T081500Z-3f9a1c2`. */
export const isVersionName = (text: string): boolean => versionName.safeParse(text).success;

/** Parses `manifest.json`. Throws `ModelStoreError` for anything but a sound manifest of schema 1. */
export const parseManifest = (text: string, source: TextSource): Manifest =>
  parseDocument(manifestSchema, text, source);

/** Parses a stored JSON text by a schema. Throws `ModelStoreError` with all that is wrong with it. */
export function parseDocument<T>(schema: z.ZodMiniType<T>, text: string, { location, key }: TextSource): T {
  const refuse = (reason: string) => new ModelStoreError(`${location}/${key} ${reason}`);
  const value = parseJson(text, refuse);
  const unknown = findUnknownSchema(value);
  if (unknown !== undefined)
    throw refuse(`has schema ${unknown}; this program reads schema 1 only. Update it, or promote an older version.`);
  const result = schema.safeParse(value);
  if (!result.success) throw refuse(`is not valid: ${describe(result.error)}.`);
  return result.data;
}

function parseJson(text: string, refuse: (reason: string) => Error): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw refuse(`is not JSON: ${messageOf(error)}.`);
  }
}

/**
 * Finds a schema number that this program does not know, in the text or in the manifest inside it. Such a schema is
 * the only problem that is reported.
 */
function findUnknownSchema(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if ('schema' in value && value.schema !== 1) return JSON.stringify(value.schema);
  return 'manifest' in value ? findUnknownSchema(value.manifest) : undefined;
}

const describe = ({ issues }: z.core.$ZodError) =>
  issues.map(({ path, message }) => `${path.join('.') || 'the whole'}: ${message}`).join('; ');

/** The key of a version's file. */
export const keyInVersion = (version: string, path: string): string => `versions/${version}/${path}`;

/** Reads a version's manifest. Throws `ModelStoreError` if there is none, or if it is another version's. */
export async function readManifest(
  store: ReadableStore,
  version: string,
  options: Cancellable = {},
): Promise<Manifest> {
  checkVersionName(version);
  const key = keyInVersion(version, 'manifest.json');
  const { text } = await store.readText(key, options).catch((error: unknown) => {
    throw explainMissing(error, 'the version was never published, or only in part (the manifest is written last)');
  });
  const manifest = parseManifest(text, { location: store.location, key });
  if (manifest.version === version) return manifest;
  throw new ModelStoreError(`${store.location}/${key} is the manifest of another version, ${manifest.version}.`);
}

function checkVersionName(version: string): void {
  if (isVersionName(version)) return;
  throw new ModelStoreError(
    `${JSON.stringify(version)} is not a version's name. They look like 20261123T081500Z-3f9a1c2.`,
  );
}

/** Lists the names of all published versions (those with a manifest), oldest first. */
export async function listVersions(store: Pick<ModelStore, 'listKeys'>): Promise<string[]> {
  const keys = await store.listKeys('versions');
  return keys.flatMap((key) => /^versions\/([^/]+)\/manifest\.json$/.exec(key)?.[1] ?? []).filter(isVersionName);
}

/**
 * Checks that all files of a version are there, by name.
 *
 * @throws ModelStoreError with `damaged` that names the missing files.
 */
export async function checkComplete(store: ModelStore, manifest: Manifest): Promise<void> {
  const { version } = manifest;
  const present = new Set(await store.listKeys(keyInVersion(version, '').slice(0, -1)));
  const absent = listVersionFiles(manifest)
    .map(({ path }) => path)
    .filter((path) => !present.has(keyInVersion(version, path)));
  if (absent.length === 0) return;
  const where = `${store.location}/versions/${version}`;
  throw new ModelStoreError(`${where} is incomplete: ${absent.join(', ')} missing. Publish the version again.`, {
    damaged: true,
  });
}
