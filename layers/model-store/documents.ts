// What a manifest and a pointer must look like, and how they are read from their texts. It is imported while the text is on its way:
// zod and the schemas take 5 ms, and a cold start would wait for them before its first request.
//
// zod's small form: all of zod takes five times as long to load. See docs/decisions/0040-reading-s3-without-the-sdk.md.
import * as z from 'zod/mini';
import english from 'zod/v4/locales/en.js';
import { hasOwnDigest, wrongDigest } from './digest.ts';
import { ModelStoreError, messageOf } from './errors.ts';
import { findExcess } from './excess.ts';
import type { FileEntry, StoredFile } from './types.ts';
import { listVersionFiles, versionPattern } from './version.ts';

z.config(english());

const sha256 = z.string().check(z.regex(/^[0-9a-f]{64}$/, 'is not a SHA-256 in lower-case hex'));
const fileName = z.string().check(z.regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'is not a plain file name'));
/** The schema of a version's name. */
export const versionName = z.string().check(z.regex(versionPattern, 'is not a version name'));
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

const areClasses = (labels: readonly string[]) =>
  ['negative,positive', 'negative,neutral,positive'].includes(labels.toSorted().join());

const manifestShape = z.looseObject({
  schema: z.literal(1),
  version: versionName,
  createdAt: z.iso.datetime(),
  // Every answer has a positive and a negative side. Only `neutral` may stand beside them.
  labels: z
    .array(z.string())
    .check(
      z.refine(
        areClasses,
        'must be negative and positive, or negative, neutral and positive, in the order of the logits',
      ),
    ),
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
  // Older versions have none.
  digest: z.optional(sha256),
});

/** `manifest.json`, which describes a version: see docs/model-artifact.md. */
export type Manifest = z.infer<typeof manifestShape>;

const hasOne = (role: FileEntry['role']) => (manifest: Manifest) =>
  manifest.files.filter((file) => file.role === role).length === 1;

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
  z.refine(hasOwnDigest, { path: ['digest'], message: wrongDigest }),
  z.refine(partsFit, { path: ['files'], message: 'a file has not one hash for each part of partBytes bytes' }),
);

/** The pointer and its candidate each name the version whose manifest they hold. */
const ofManifestInside = z.refine<{ readonly version: string; readonly manifest: Manifest }>(
  ({ version, manifest }) => version === manifest.version,
  { path: ['version'], message: 'is not the version of the manifest inside' },
);

const hold = z.looseObject({ since: z.iso.datetime(), reason: z.string() });

const candidate = z
  .looseObject({
    version: versionName,
    manifest: manifestSchema,
    share: z.int().check(z.minimum(1), z.maximum(99)),
    since: z.iso.datetime(),
    until: z.iso.datetime(),
    // Older programs write none.
    digest: z.optional(sha256),
  })
  .check(z.refine(hasOwnDigest, { path: ['digest'], message: wrongDigest }), ofManifestInside);

const pointerShape = z.looseObject({
  schema: z.literal(1),
  version: versionName,
  promotedAt: z.iso.datetime(),
  manifest: manifestSchema,
  previous: z.optional(z.array(versionName)),
  withdrawn: z.optional(z.array(versionName)),
  hold: z.optional(hold),
  candidate: z.optional(candidate),
});

const pointerSchema = pointerShape.check(ofManifestInside);

/** Since when and why no version becomes current by itself. */
export type Hold = z.infer<typeof hold>;
/** The version that gets a share of the texts during a canary, with its whole manifest. `share` is in percent. */
export type Candidate = z.infer<typeof candidate>;
/**
 * `current.json`: the promoted version with its whole manifest, the versions before it, those that were withdrawn, and the
 * candidate of a canary.
 */
export type Pointer = z.infer<typeof pointerSchema>;

/** Where a text was read, for error messages. */
export interface TextSource {
  readonly location: string;
  readonly key: string;
}

/** Parses `manifest.json`. Throws `ModelStoreError` for anything but a sound manifest of schema 1. */
export const parseManifest = (text: string, source: TextSource): Manifest =>
  parseDocument(manifestSchema, text, source);

/** Parses a stored JSON text by a schema. Throws `ModelStoreError` with all that is wrong with it. */
function parseDocument<T>(schema: z.ZodMiniType<T>, text: string, { location, key }: TextSource): T {
  const refuse = (reason: string) => new ModelStoreError(`${location}/${key} ${reason}`);
  const value = parseJson(text, refuse);
  const excess = findExcess(value);
  if (excess !== undefined) throw refuse(`is not valid: it ${excess}.`);
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
  if ('schema' in value && value.schema !== 1) return JSON.stringify(value.schema).slice(0, 40);
  return 'manifest' in value ? findUnknownSchema(value.manifest) : undefined;
}

/** A damaged text can have as many faults as it has characters. */
const mostIssues = 20;

function describe({ issues }: z.core.$ZodError): string {
  const few = issues.slice(0, mostIssues).map(({ path, message }) => `${path.join('.') || 'the whole'}: ${message}`);
  return [...few, ...(issues.length > mostIssues ? [`and ${issues.length - mostIssues} more faults`] : [])].join('; ');
}

/** Parses `current.json`. Throws `ModelStoreError` for anything but a sound pointer of schema 1. */
export const parsePointer = (text: string, source: TextSource): Pointer => parseDocument(pointerSchema, text, source);
