// Damage to a JSON document that leaves it JSON, or nearly, so that the checks behind the parser are reached.
import type { Damaged } from './byte-damage.ts';
import type { Random } from './random.ts';

/** A place in a document: a field of an object, or an index of a list. */
interface Slot {
  readonly owner: Record<string, unknown>;
  readonly key: string;
}

function listSlots(value: unknown): Slot[] {
  if (typeof value !== 'object' || value === null) return [];
  const owner = value as Record<string, unknown>;
  return Object.entries(owner).flatMap(([key, inner]) => [{ owner, key }, ...listSlots(inner)]);
}

/** A document that is being changed, and the texts that stand for values that JavaScript has no form of. */
interface Draft {
  readonly root: unknown;
  readonly slots: readonly Slot[];
  readonly random: Random;
  /** Returns a value that is written as this text. */
  raw(text: string): string;
}

const nest = (depth: number) => `${'[{"a":'.repeat(depth)}0${'}]'.repeat(depth)}`;

const strangeTexts = [
  '1e400',
  '-1e400',
  '-0',
  '0.1e-400',
  '9'.repeat(400),
  '1e21',
  '9007199254740993',
  'NaN',
  'null',
  'true',
  '""',
  '[]',
  '{}',
  '{"__proto__":{"schema":1}}',
  '{"constructor":{"prototype":{}}}',
  nest(20),
  nest(2000),
  nest(100_000),
  '"\\ud800"',
  '"\\u0000"',
  '"../../etc/passwd"',
  '"versions"',
  `"${'x'.repeat(70_000)}"`,
];

const strangeKeys = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '', 'schema', 'digest', 'fp16', 'x'];

const isText = (value: unknown): value is string => typeof value === 'string';

function changeNumber(value: number, random: Random): number {
  return random.pick([value + 1, value - 1, -value, 0, value * 10, value / 3, value + 1e-9, 2 ** 31, 2 ** 53, 1e308]);
}

function changeText(text: string, random: Random): string {
  const at = random.below(text.length + 1);
  return random.pick([
    '',
    text.toUpperCase(),
    text.slice(at),
    `${text.slice(0, at)}${random.pick(['0', 'a', '/', '.', '\0', 'é'])}${text.slice(at + 1)}`,
    [...text].reverse().join(''),
  ]);
}

type Change = (draft: Draft, slot: Slot) => void;

function changeValue({ random, raw }: Draft, { owner, key }: Slot): void {
  const value = owner[key];
  if (typeof value === 'number' && random.below(4) > 0) owner[key] = changeNumber(value, random);
  else if (isText(value) && random.below(4) > 0) owner[key] = changeText(value, random);
  else if (typeof value === 'boolean') owner[key] = !value;
  else owner[key] = raw(random.pick(strangeTexts));
}

function swapValues({ slots, random }: Draft, { owner, key }: Slot): void {
  const alike = slots.filter((slot) => typeof slot.owner[slot.key] === typeof owner[key]);
  const other = random.pick(alike);
  [owner[key], other.owner[other.key]] = [structuredClone(other.owner[other.key]), structuredClone(owner[key])];
}

function removeField(_: Draft, { owner, key }: Slot): void {
  if (Array.isArray(owner)) owner.splice(Number(key), 1);
  else delete owner[key];
}

function repeatField({ random, raw }: Draft, { owner, key }: Slot): void {
  if (Array.isArray(owner))
    return void owner.splice(random.below(owner.length + 1), 0, structuredClone(owner[Number(key)]));
  const value = owner[key];
  // A second field of the same name: the last one counts.
  owner[raw(JSON.stringify(key))] =
    typeof value === 'number' ? changeNumber(value, random) : raw(random.pick(strangeTexts));
}

function renameField({ random }: Draft, { owner, key }: Slot): void {
  if (Array.isArray(owner)) return;
  const value = owner[key];
  delete owner[key];
  owner[changeText(key, random)] = value;
}

function addField({ random, raw }: Draft, { owner }: Slot): void {
  if (Array.isArray(owner)) owner.push(raw(random.pick(strangeTexts)));
  else owner[raw(JSON.stringify(random.pick(strangeKeys)))] = raw(random.pick(strangeTexts));
}

function reverseList({ slots, random }: Draft, slot: Slot): void {
  const lists = slots.map(({ owner, key }) => owner[key]).filter((value) => Array.isArray(value));
  if (lists.length > 0) random.pick(lists).reverse();
  else slot.owner[slot.key] = [];
}

const changes: Readonly<Record<string, Change>> = {
  'change a value': changeValue,
  'swap values': swapValues,
  'remove a field': removeField,
  'repeat a field': repeatField,
  'rename a field': renameField,
  'add a field': addField,
  'reverse a list': reverseList,
};

const finish: Readonly<Record<string, (text: string, random: Random) => Buffer>> = {
  'as it is': (text) => Buffer.from(text),
  'white space': (text, random) => Buffer.from(`${' \n\t'.repeat(random.below(9))}${text}\r\n`),
  'byte order mark': (text) => Buffer.from(`\ufeff${text}`),
  'UTF-16': (text) => Buffer.from(text, 'utf16le'),
  'invalid UTF-8': (text, random) => {
    const at = random.below(text.length);
    return Buffer.concat([Buffer.from(text.slice(0, at)), Buffer.of(0xc3, 0x28, 0xff), Buffer.from(text.slice(at))]);
  },
};

/** Draws a place on the way down from the root, since most fields lie deep: hashes of parts and figures of classes. */
function drawSlot(root: unknown, random: Random): Slot {
  const [owner, key] = [root as Slot['owner'], random.pick(Object.keys(root as object))];
  const inner = owner[key];
  const isInner = typeof inner === 'object' && inner !== null && Object.keys(inner).length > 0;
  return isInner && random.below(4) > 0 ? drawSlot(inner, random) : { owner, key };
}

/** Changes a JSON document in up to four ways. */
export function damageJson(bytes: Buffer, random: Random): Damaged {
  const root: unknown = JSON.parse(String(bytes));
  const raws: string[] = [];
  const raw = (text: string) => `@@${raws.push(text) - 1}@@`;
  const names = Array.from({ length: random.pick([0, 1, 1, 2, 4]) }, () => random.pick(Object.keys(changes)));
  for (const name of names) {
    const slots = listSlots(root);
    if (slots.length > 0) changes[name]?.({ root, slots, random, raw }, drawSlot(root, random));
  }
  const text = JSON.stringify(root, null, random.pick([0, 1, 2])).replace(
    /"@@(\d+)@@"/g,
    (_, index) => raws[index] ?? '',
  );
  const end = random.below(4) > 0 ? 'as it is' : random.pick(Object.keys(finish));
  return { bytes: finish[end]?.(text, random) ?? bytes, done: [...names, end] };
}
