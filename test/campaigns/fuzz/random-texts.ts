// Random and mutated Unicode texts from a seed, made cheaply: the tokenizers read thousands of them a second.

/** Random numbers, equal for equal seeds. */
export interface Random {
  /** A whole number from 0 to below `limit`. */
  below(limit: number): number;
  /** One of several values. */
  pick<T>(values: readonly [T, ...T[]]): T;
}

/** Creates a generator: mulberry32. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number) => Math.floor(next() * limit);
  return { below, pick: <T>(values: readonly [T, ...T[]]) => values[below(values.length)] ?? values[0] };
}

/** Ranges of code points in which the steps of a tokenizer differ. */
const ranges: readonly [readonly [number, number], ...(readonly [number, number])[]] = [
  [0x0, 0x7f],
  [0x20, 0x7e],
  [0x80, 0x24f],
  [0x250, 0x36f],
  [0x300, 0x36f],
  [0x370, 0x52f],
  [0x590, 0x7ff],
  [0x900, 0xdff],
  [0xe00, 0x109f],
  [0x1100, 0x11ff],
  [0x1200, 0x1aff],
  [0x1ab0, 0x1aff],
  [0x1c00, 0x1fff],
  [0x2000, 0x206f],
  [0x2070, 0x2bff],
  [0x20d0, 0x20ff],
  [0x2c00, 0x2fff],
  [0x3000, 0x30ff],
  [0x3130, 0x33ff],
  [0x3400, 0x4dbf],
  [0x4e00, 0x9fff],
  [0xa000, 0xabff],
  [0xac00, 0xd7ff],
  [0xd800, 0xdfff],
  [0xe000, 0xf8ff],
  [0xf900, 0xfaff],
  [0xfb00, 0xfdff],
  [0xfe00, 0xfe2f],
  [0xfe30, 0xffff],
  [0x10000, 0x10fff],
  [0x11000, 0x12fff],
  [0x13000, 0x1afff],
  [0x1b000, 0x1cfff],
  [0x1d000, 0x1dfff],
  [0x1e000, 0x1efff],
  [0x1f000, 0x1faff],
  [0x1f1e6, 0x1f1ff],
  [0x20000, 0x323af],
  [0xe0000, 0xe01ef],
  [0xf0000, 0x10ffff],
  [0x0, 0x10ffff],
];

/** Words that a step treats in a way of its own. */
const pieces: readonly [string, ...string[]] = [
  'good',
  ...['good', 'Bad', 'UNBELIEVABLE', 'film', "don't", 'soooo', 'goooooood', '3.14', '1,000', 'e.g.', '##ing', 'naïve'],
  ...['[CLS]', '[SEP]', '[MASK]', '[PAD]', '[UNK]', '[unused1]', '[', ']', '[MA', 'SK]', '<br />', '&amp;', '</s>'],
  ...['http://t.co/aB?c=d#e', 'https://', 'www.', 'www.x', 'HTTP://X', '@', '@You_2', 'me@you.com', '#tag', '😀', '🥰'],
  ...[
    '👍🏽',
    '❤️',
    '☺︎',
    '1️⃣',
    '👨‍👩‍👧',
    '🤷🏾‍♀️',
    '🏃🏽‍♀️‍➡️',
    '🏳️‍🌈',
    '🇳🇴',
    '🇳',
    '\u{1f3f4}\u{e0067}\u{e0062}\u{e007f}',
    '\u{1f3f4}',
    '🏿',
  ],
  ...[
    '\u200d',
    '\ufe0f',
    '\ufe0e',
    '\u20e3',
    '♀',
    '➡',
    'İ',
    'ß',
    'ẞ',
    'Σ',
    'ΑΣ',
    'ς',
    'ŉ',
    'ǅ',
    'ﬁ',
    'ﬃ',
    'K',
    'Å',
    'ΐ',
  ],
  ...['e\u0301', 'a\u0323\u0307', 'a\u0307\u0323', '\u1112\u1161\u11ab', '한', '博推', 'が', 'か\u3099', 'ﾊﾟ', '\u0344'],
  ...[
    '\ud83d',
    '\ude00',
    '\ud800',
    '\udfff',
    '\ufffd',
    '\ufeff',
    '\u00ad',
    '\u200b',
    '\u180e',
    '\0',
    '\u{1d165}\u{1d16e}',
  ],
];

/** White space of all kinds, most of it the usual one. */
const spaces: readonly [string, ...string[]] = [
  ' ',
  ...Array.from({ length: 30 }, () => ' '),
  ...'\t\n\v\f\r\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a',
  ...'\u2028\u2029\u202f\u205f\u3000\u200b\u2060\ufeff',
  '\r\n',
  '  ',
];

/** Sentences that mutations begin with. */
const sentences: readonly [string, ...string[]] = [
  "This is, by far, the best book I've read in years; I couldn't put it down!",
  'Zu lang, zu laut — und das Ende? Schrecklich. Straße, Fußgänger, Öl.',
  "C'était génial : à voir absolument, même l'été à Noël… œuvre naïve",
  '这本书是最好的。とても面白い本でした！ 이 책은 최고예요',
  'هذا أفضل كتاب قرأته الספר הזה מְצֻיָּן यह सबसे अच्छी किताब है',
  'LOL @some_user that was soooo good 😂😂😂 https://t.co/AbC123 #winning ❤️🏳️‍🌈',
  'Đây là cuốn sách hay nhất mà tôi từng đọc. Þetta er besta bókin.',
];

function randomCharacter({ below, pick }: Random): string {
  const [first, last] = pick(ranges);
  return String.fromCodePoint(first + below(last - first + 1));
}

/** Characters of one range, so that they meet each other: marks on letters of their script, jamo beside jamo. */
function randomWord(random: Random): string {
  const { below, pick } = random;
  if (below(3) > 0) return pick(pieces);
  const [first, last] = pick(ranges);
  return Array.from({ length: 1 + below(6) }, () => String.fromCodePoint(first + below(last - first + 1))).join('');
}

/** One character often enough to reach the limits of a word: 100 characters to one step, bytes or units to another. */
function longWord(random: Random): string {
  const [around, other] = [random.pick([50, 98, 99, 100, 101, 102, 200, 300]), randomCharacter(random)];
  return random.pick([randomCharacter(random), 'a', 'é', 'ing', '😀']).repeat(around) + other;
}

/** Replaces, removes, inserts, doubles or swaps characters. A cut may halve a surrogate pair. */
function mutate(text: string, random: Random): string {
  const { below } = random;
  const [at, length] = [below(text.length + 1), below(3)];
  const [head, middle, tail] = [text.slice(0, at), text.slice(at, at + length), text.slice(at + length)];
  const changed = [
    () => '',
    () => randomCharacter(random),
    () => middle + randomWord(random),
    () => middle + middle,
    () => [...middle].reverse().join(''),
    () => middle.toUpperCase(),
    () => middle.normalize('NFD'),
    () => random.pick(spaces),
  ];
  return head + (changed[below(changed.length)] ?? changed[0])?.() + tail;
}

/** Makes a text. */
export function randomText(random: Random): string {
  const { below, pick } = random;
  const kind = below(20);
  if (kind === 0) return longWord(random);
  if (kind < 7) {
    let text = pick(sentences);
    for (let times = 1 + below(6); times > 0; times -= 1) text = mutate(text, random);
    return text;
  }
  let text = '';
  for (let length = below(8); length > 0; length -= 1)
    text += below(2) === 0 ? randomWord(random) : `${randomCharacter(random)}${below(2) === 0 ? pick(spaces) : ''}`;
  return text;
}

/** Leaves out what a fault does not need, from halves of the text down to single units. */
export async function shrinkText(text: string, isFaulty: (text: string) => Promise<boolean>): Promise<string> {
  let shrunk = text;
  for (let size = Math.ceil(shrunk.length / 2); size >= 1; size = Math.floor(size / 2))
    for (let at = 0; at < shrunk.length; ) {
      const shorter = shrunk.slice(0, at) + shrunk.slice(at + size);
      if (await isFaulty(shorter)) shrunk = shorter;
      else at += size;
    }
  return shrunk;
}
