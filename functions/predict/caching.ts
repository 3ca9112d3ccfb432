import { hash } from 'node:crypto';

/** Seconds that an answer may be kept: what a warm environment takes at most to notice a new model. */
const maxAge = 60;

/**
 * Private, because the address holds the text, which may be personal: the asker's own cache may keep an answer, a cache
 * that others share may not.
 */
export const cacheControl = `private, max-age=${maxAge}`;

/** A weak entity tag of an answer: equal parts give equal answers, save for `time_taken`. */
export function createTag(...parts: readonly string[]): string {
  return `W/"${hash('sha256', JSON.stringify(parts), 'base64url').slice(0, 22)}"`;
}

const withoutWeakness = (tag: string) => tag.replace(/^W\//, '');

/**
 * Whether `If-None-Match` names the tag, by the weak comparison of RFC 9110, section 8.8.3.2. The header holds `*` or a list;
 * quotes inside a tag do not exist, but commas do.
 */
export function matchesTag(ifNoneMatch: string | undefined, tag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === '*') return true;
  const listed = ifNoneMatch.match(/(?:W\/)?"[^"]*"/g) ?? [];
  return listed.some((candidate) => withoutWeakness(candidate) === withoutWeakness(tag));
}
