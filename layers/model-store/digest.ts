// The digest by which a JSON document shows that it is what was written: docs/decisions/0084-damaged-and-malicious-versions.md.
// training/release/digest.py computes the same; both are tested on test/fixtures/digest.json.
import { createHash } from 'node:crypto';

/** Writes a JSON value in the canonical form of RFC 8785: sorted names, no white space, numbers as JavaScript writes them. */
export function canonicalize(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalize).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  const sorted = entries.sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${sorted.map(([name, inner]) => `${JSON.stringify(name)}:${canonicalize(inner)}`).join()}}`;
}

/** Computes the digest of a document: the SHA-256, in hex, of its canonical form without the field `digest`. */
export function computeDigest({ digest: _, ...content }: object & { readonly digest?: unknown }): string {
  return createHash('sha256').update(canonicalize(content)).digest('hex');
}

/** Returns the document with its digest. */
export const addDigest = <T extends object>(document: T): T & { readonly digest: string } => ({
  ...document,
  digest: computeDigest(document),
});

/** Whether the document is the one that its digest was computed of. One without a digest is older than digests. */
export const hasOwnDigest = <T extends object>(document: T & { readonly digest?: unknown }): boolean =>
  document.digest === undefined || document.digest === computeDigest(document);

/** The end of the error message for a document with another digest. */
export const wrongDigest = 'is not that of the other fields: one of them was changed after it was written';
