import * as z from 'zod/mini';
import { manifestSchema, parsePointer, versionName } from '../../../layers/model-store/documents.ts';
import {
  advancePointer,
  findCandidate,
  isInShare,
  type Pointer,
  rollBackPointer,
  startCanary,
  withdrawCandidate,
} from '../../../layers/model-store/index.ts';
import { makeVersion, pointTo } from './sample-version.ts';

const source = { location: 's3://bucket/models', key: 'current.json' };
const parse = (text: string): Pointer => parsePointer(text, source);
const champion = makeVersion(23);
const candidate = makeVersion(24);
const pointer = parse(pointTo(champion.manifest));
const noon = new Date('2026-11-25T12:00:00Z');
const minutesLater = (minutes: number) => new Date(noon.getTime() + minutes * 60_000);
const canary = startCanary(pointer, candidate.manifest, { share: 10, minutes: 30 }, noon);
const hold = { since: '2026-11-25T12:10:00Z', reason: 'set by hand' };

/** The schema of `current.json` in the program before it knew candidates. */
const earlierSchema = z.looseObject({
  schema: z.literal(1),
  version: versionName,
  promotedAt: z.iso.datetime(),
  manifest: manifestSchema,
  previous: z.optional(z.array(versionName)),
  withdrawn: z.optional(z.array(versionName)),
  hold: z.optional(z.looseObject({ since: z.iso.datetime(), reason: z.string() })),
});

describe('a pointer with a candidate', () => {
  it('keeps the current version and says which share the candidate gets until when', () => {
    expect(parse(JSON.stringify(canary))).toMatchObject({
      version: champion.version,
      candidate: {
        version: candidate.version,
        share: 10,
        since: '2026-11-25T12:00:00Z',
        until: '2026-11-25T12:30:00Z',
      },
    });
  });

  it('is read by an earlier program, which serves the current version and keeps the candidate when it writes', () => {
    const read = earlierSchema.parse(JSON.parse(JSON.stringify(canary)));
    expect(read).toMatchObject({ version: champion.version, candidate: canary.candidate });
  });

  it.each([
    ['no share', { share: 0 }],
    ['all of the texts', { share: 100 }],
    ['more than all', { share: 101 }],
    ['half a percent', { share: 0.5 }],
    ['no end', { until: undefined }],
    ['another version than the manifest inside', { version: makeVersion(25).version }],
  ])('is refused if the candidate has %s', (_, change) => {
    const text = JSON.stringify({ ...canary, candidate: { ...canary.candidate, ...change } });
    expect(() => parse(text)).toThrow(/^s3:\/\/bucket\/models\/current\.json is not valid: candidate\./);
  });

  it('loses it to a promotion by name and to a rollback', () => {
    const third = makeVersion(25).manifest;
    expect(advancePointer(canary, third, noon)).not.toHaveProperty('candidate');
    expect(advancePointer(canary, candidate.manifest, noon)).toMatchObject({ previous: [champion.version] });
    const back = rollBackPointer({ ...canary, previous: [makeVersion(22).version] }, makeVersion(22).manifest, hold);
    expect(back).not.toHaveProperty('candidate');
    expect(back.withdrawn).toEqual([candidate.version, champion.version]);
  });

  it('withdraws it, with or without a hold', () => {
    const withdrawn = withdrawCandidate(canary);
    expect(withdrawn).toEqual({ ...pointer, withdrawn: [candidate.version] });
    expect(withdrawCandidate(canary, hold)).toEqual({ ...withdrawn, hold });
  });
});

describe('a candidate', () => {
  it('gets its share from the beginning until an hour after the end', () => {
    for (const minutes of [0, 29, 89]) expect(findCandidate(canary, minutesLater(minutes))).toEqual(canary.candidate);
    expect(findCandidate(canary, minutesLater(90))).toBeUndefined();
  });

  it.each([
    ['none', pointer],
    ['one under a hold', { ...canary, hold }],
    ['the current version', { ...canary, version: candidate.version, manifest: candidate.manifest }],
  ])('does not run if there is %s', (_, read) => {
    expect(findCandidate(read, noon)).toBeUndefined();
  });
});

describe('the choice of texts', () => {
  const texts = Array.from({ length: 10_000 }, (_, index) => `text number ${index}`);

  it.each([1, 10, 50, 99])('gives %i percent to the candidate, within two percent of all texts', (share) => {
    const chosen = texts.filter((text) => isInShare(text, share)).length;
    expect(Math.abs(chosen / texts.length - share / 100)).toBeLessThan(0.02);
  });

  it('depends on the text alone, and a larger share keeps the texts of a smaller one', () => {
    const small = texts.filter((text) => isInShare(text, 10));
    expect(texts.filter((text) => isInShare(text, 10))).toEqual(small);
    expect(small.every((text) => isInShare(text, 20))).toBe(true);
  });

  it('is made by the bytes of UTF-8', () => {
    // printf 'größer 🙂' | sha256sum begins with 8e5c: 55.6 percent of all hashes are smaller.
    expect([55, 56].map((share) => isInShare('größer 🙂', share))).toEqual([false, true]);
  });
});
