// A canary: a share of the texts goes to a candidate before it becomes current. docs/canary.md describes it.
import { hash } from 'node:crypto';
import { addDigest } from './digest.ts';
import type { Candidate, Hold, Manifest, Pointer } from './documents.ts';
import { formatTime, withdraw } from './pointer.ts';

/** How much of the texts a candidate gets, and for how long. */
export interface CanaryPlan {
  /** Percent of the texts: 1 to 99. */
  readonly share: number;
  readonly minutes: number;
}

/** Returns the pointer with a candidate. The current version stays; another candidate is replaced. */
export function startCanary(
  pointer: Pointer,
  manifest: Manifest,
  { share, minutes }: CanaryPlan,
  now: Date,
): Pointer & { readonly candidate: Candidate } {
  const until = new Date(now.getTime() + minutes * 60_000);
  const { version } = manifest;
  const candidate = addDigest({ version, manifest, share, since: formatTime(now), until: formatTime(until) });
  return { ...pointer, candidate };
}

/** Returns the pointer without its candidate, which is withdrawn: no event brings it back. With a reason it has a hold. */
export function withdrawCandidate(pointer: Pointer, hold?: Hold): Pointer {
  const { candidate, ...rest } = pointer;
  return { ...rest, withdrawn: withdraw(pointer, candidate ? [candidate.version] : []), ...(hold && { hold }) };
}

/**
 * Milliseconds after its end in which a canary still runs. Promotion looks at it every five minutes; if nothing has decided
 * for an hour, nothing will.
 */
const graceMs = 3_600_000;

/**
 * The candidate that gets its share now; undefined if there is none. A hold gives everything to the current version, also one
 * set by a program that knows no candidates. So does the current version itself, which such a program has promoted.
 */
export function findCandidate({ candidate, hold, version }: Pointer, now: Date): Candidate | undefined {
  if (!candidate || hold || candidate.version === version) return undefined;
  return now.getTime() < Date.parse(candidate.until) + graceMs ? candidate : undefined;
}

/**
 * Whether a text belongs to a share of the texts. The first 32 bits of the SHA-256 of its UTF-8 bytes decide, so that every
 * environment gives equal texts to one version.
 *
 * @param share - percent.
 */
export function isInShare(text: string, share: number): boolean {
  return Number.parseInt(hash('sha256', text, 'hex').slice(0, 8), 16) < (share / 100) * 2 ** 32;
}
