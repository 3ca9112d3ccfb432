// Damage that needs no knowledge of what the bytes mean.
import type { Random } from './random.ts';

type Damage = (bytes: Buffer, random: Random) => Buffer;

/** First and last index of a range that is not empty, the last not included. */
function drawRange({ length }: Buffer, random: Random): readonly [number, number] {
  const longest = random.pick([8, 64, length]);
  const start = random.below(length);
  return [start, Math.min(length, start + 1 + random.below(longest))];
}

function changeRange(bytes: Buffer, random: Random, change: (range: Buffer) => Buffer): Buffer {
  const [start, end] = drawRange(bytes, random);
  return Buffer.concat([bytes.subarray(0, start), change(bytes.subarray(start, end)), bytes.subarray(end)]);
}

function flipBit(bytes: Buffer, random: Random): Buffer {
  const flipped = Buffer.from(bytes);
  const at = random.below(bytes.length);
  flipped[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
  return flipped;
}

function swapBlocks(bytes: Buffer, random: Random): Buffer {
  const size = 1 + random.below(Math.max(1, Math.floor(bytes.length / 3)));
  const [first, second] = [random.below(bytes.length - size + 1), random.below(bytes.length - size + 1)];
  const swapped = Buffer.from(bytes);
  bytes.copy(swapped, first, second, second + size);
  bytes.copy(swapped, second, first, first + size);
  return swapped;
}

const damages: Readonly<Record<string, Damage>> = {
  flip: flipBit,
  'cut the end': (bytes, random) => bytes.subarray(0, random.below(bytes.length)),
  'cut the start': (bytes, random) => bytes.subarray(1 + random.below(bytes.length)),
  'cut out': (bytes, random) => changeRange(bytes, random, () => Buffer.of()),
  swap: swapBlocks,
  duplicate: (bytes, random) => changeRange(bytes, random, (range) => Buffer.concat([range, range])),
  zero: (bytes, random) => changeRange(bytes, random, (range) => Buffer.alloc(range.length)),
  overwrite: (bytes, random) => changeRange(bytes, random, (range) => random.bytes(range.length)),
  insert: (bytes, random) =>
    changeRange(bytes, random, (range) => Buffer.concat([random.bytes(1 + random.below(16)), range])),
  append: (bytes, random) => Buffer.concat([bytes, random.bytes(1 + random.below(64))]),
  empty: () => Buffer.of(),
};

/** Changed bytes, and the names of what was done to them. */
export interface Damaged {
  readonly bytes: Buffer;
  readonly done: readonly string[];
}

/** Damages bytes in one to four ways, one after the other. */
export function damageBytes(bytes: Buffer, random: Random): Damaged {
  const names = Array.from({ length: random.pick([1, 1, 2, 4]) }, () => random.pick(Object.keys(damages)));
  let damaged = bytes;
  for (const name of names) if (damaged.length > 0) damaged = damages[name]?.(damaged, random) ?? damaged;
  return { bytes: damaged, done: names };
}
