import { hash } from 'node:crypto';

/** Seconds that a cache may keep an answer. A warm environment notices a new model within the same time. */
const maxAge = 60;

/**
 * Private, because the URL contains the text, which may be personal. The caller's own cache may keep an answer, a shared
 * cache may not.
 */
export const cacheControl = `private, max-age=${maxAge}`;

/** Grows when the fields of an answer change, so that no cache takes the body of an earlier release for the current one. */
const format = 3;

/** A weak entity tag of an answer. Equal parts give equal answers, except for `time_taken`. */
export function createTag(...parts: readonly string[]): string {
  return `W/"${hash('sha256', JSON.stringify([format, ...parts]), 'base64url').slice(0, 22)}"`;
}

const withoutWeakness = (tag: string) => tag.replace(/^W\//, '');

/**
 * Whether `If-None-Match` names the tag, by the weak comparison of RFC 9110, section 8.8.3.2. The header contains `*` or a
 * list. A tag cannot contain quotes, but it can contain commas.
 */
export function matchesTag(ifNoneMatch: string | undefined, tag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === '*') return true;
  const listed = ifNoneMatch.match(/(?:W\/)?"[^"]*"/g) ?? [];
  return listed.some((candidate) => withoutWeakness(candidate) === withoutWeakness(tag));
}
