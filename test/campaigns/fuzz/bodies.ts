// Bodies of requests: JSON and forms, right and wrong, and what each must lead to.
import fc from 'fast-check';
import { type Expected, expectSentence, failsWith, findFault } from './asked.ts';
import { texts, wholeTexts } from './request-texts.ts';

/** A body and what it must lead to, if its headers are right. */
export interface Body {
  readonly text: string;
  readonly expected: Expected | undefined;
}

/** Fields of an address or a form. */
const fieldValues: fc.Arbitrary<readonly [string, string]> = fc.oneof(
  fc.tuple(fc.constant('long'), fc.constantFrom('cut', 'windows', 'windows', 'WINDOWS', '', 'cut,windows')),
  fc.tuple(fc.constant('explain'), fc.constantFrom('true', 'true', 'false', '1', '', 'TRUE')),
  fc.tuple(
    fc.constantFrom('sentence', 'x', '__proto__', 'constructor', 'toString', 'Sentence', 'sentence[]', ''),
    wholeTexts,
  ),
);

/** Fields with one sentence, seldom with none or two. */
export const fields: fc.Arbitrary<readonly (readonly [string, string])[]> = fc
  .tuple(
    fc.oneof({ weight: 12, arbitrary: wholeTexts }, { weight: 1, arbitrary: fc.constant(undefined) }),
    fc.oneof(
      { weight: 2, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: fc.array(fieldValues, { maxLength: 3 }) },
    ),
    fc.boolean(),
  )
  .map(([sentence, others, isFirst]) => {
    const one = sentence === undefined ? [] : [['sentence', sentence] as const];
    return isFirst ? [...one, ...others] : [...others, ...one];
  });

const percent = (text: string) =>
  Array.from(Buffer.from(text), (byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');

/** Ways to write a value of an address. */
const encoders = fc.constantFrom<readonly ((text: string) => string)[]>(
  [encodeURIComponent],
  [(text) => encodeURIComponent(text).replaceAll('%20', '+')],
  [percent],
  [(text) => percent(text).toUpperCase()],
);

/** Fields as they are written in an address or a form. */
export const encodedFields = fc.tuple(fields, encoders).map(([pairs, [encode = encodeURIComponent]]) => ({
  pairs,
  text: pairs.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&'),
}));

/** Bodies of forms. */
export const forms: fc.Arbitrary<Body> = fc.oneof(
  { weight: 9, arbitrary: encodedFields.map(({ pairs, text }) => ({ text, expected: expectSentence(pairs, true) })) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 30 }).map((text) => ({ text, expected: undefined })) },
);

const escapeAll = (json: string) =>
  json.replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** Ways to write a value as JSON. JSON.stringify escapes halves of surrogate pairs. */
const writers = fc.constantFrom<readonly ((value: unknown) => string)[]>(
  [JSON.stringify],
  [(value) => JSON.stringify(value, undefined, '\t')],
  [(value) => escapeAll(JSON.stringify(value))],
  [(value) => ` \r\n${JSON.stringify(value)}\n`],
);

const parameters = fc.record(
  {
    long: fc.constantFrom('cut' as const, 'windows' as const),
    explain: fc.constantFrom(true, false, false, false, false),
  },
  { requiredKeys: [] },
);

const inputLists = fc.oneof(
  { weight: 60, arbitrary: fc.array(texts, { minLength: 1, maxLength: 4 }) },
  {
    weight: 2,
    arbitrary: fc
      .integer({ min: 250, max: 260 })
      .map((count) => Array.from({ length: count }, (_, index) => (index % 2 ? 'good' : 'bad'))),
  },
  { weight: 1, arbitrary: fc.constant([]) },
);

const requests = fc.record(
  { inputs: fc.oneof({ weight: 1, arbitrary: texts }, { weight: 5, arbitrary: inputLists }), parameters },
  { requiredKeys: ['inputs'] },
);

type ListBody = typeof requests extends fc.Arbitrary<infer Value> ? Value : never;

function expectList({ inputs, parameters: { long = 'cut', explain = false } = {} }: ListBody): Expected {
  const list = typeof inputs === 'string' ? [inputs] : inputs;
  if (list.length === 0) return failsWith('BODY_INVALID');
  const isWhole = list.every((text) => text.isWellFormed());
  if (list.length > 256) return isWhole ? failsWith('INPUTS_TOO_MANY') : failsWith('INPUTS_TOO_MANY', 'BODY_INVALID');
  return isWhole ? { kind: 'list', inputs: list, parameters: { long, explain } } : failsWith('BODY_INVALID');
}

const keys = fc.constantFrom(
  'inputs',
  'parameters',
  'long',
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'x',
  '',
);

/** JSON that is written by hand: equal keys, huge numbers, deep nesting, what JavaScript would take and JSON does not. */
const handWritten = fc.oneof(
  fc
    .tuple(
      keys,
      fc.constantFrom('1', 'null', '"good"', '{}', '[]', '1e400', '-0', '123456789012345678901234567890', 'true'),
    )
    .map(([key, value]) => `{"inputs":"good",${JSON.stringify(key)}:${value}}`),
  fc.constantFrom(
    '{"inputs":"good","inputs":"bad"}',
    '{"inputs":"good","parameters":{"explain":true,"explain":false}}',
    '{"inputs":"good","\\u0069nputs":"bad"}',
    '{"inputs":["good",]}',
    "{'inputs':'good'}",
    '{"inputs":NaN}',
    '{"inputs":"good"}x',
    '{"inputs":"good"}\0',
    '\ufeff{"inputs":"good"}',
    '{"inputs":"good" /* why */}',
    '{"inputs":"\t"}',
    '{"inputs":"\\ud800"}',
    '{"inputs":"\\x41"}',
    '{"inputs":["good",1e999]}',
    '{"inputs":[["good"]]}',
    '{"__proto__":{"inputs":"good"}}',
    '{"inputs":"good","parameters":{"__proto__":null}}',
    '{"inputs":"good","parameters":null}',
    '',
    ' ',
    'null',
    '"good"',
    '[]',
  ),
  fc
    .tuple(fc.constantFrom(1, 10, 100, 1000, 3000, 100_000), fc.constantFrom('[', '{"inputs":', '{"inputs":['))
    .map(([depth, open]) => open.repeat(depth)),
  fc.constantFrom(3, 10, 100, 1000, 100_000).map((depth) => `${'['.repeat(depth)}${']'.repeat(depth)}`),
  fc.constantFrom(3, 10, 100, 1000, 20_000).map((depth) => `{"inputs":${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}}`),
  fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.stringify(value)),
  fc.tuple(keys, fc.jsonValue({ maxDepth: 2 })).map(([key, value]) => JSON.stringify({ inputs: 'good', [key]: value })),
);

/** A text that JSON.parse does not take is malformed. A byte order mark may stand before it. */
function expectJson(text: string): Expected | undefined {
  try {
    JSON.parse(text.replace(/^\ufeff/, ''));
    return undefined;
  } catch {
    return failsWith('BODY_MALFORMED');
  }
}

/** Cuts, doubles or replaces a part of a text. */
const damage = fc.tuple(fc.nat(), fc.nat(5), fc.constantFrom('', '"', '{', ']', '\\', ',', ':', '\0', '\ud800', 'e'));

const damaged = fc.tuple(requests, damage).map(([request, [place, length, other]]) => {
  const json = JSON.stringify(request);
  const at = place % (json.length + 1);
  return (json.slice(0, at) + other + json.slice(at + length)).toWellFormed();
});

/** Bodies of JSON for `POST /predict`. */
export const lists: fc.Arbitrary<Body> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .tuple(requests, writers)
      .map(([request, [write = JSON.stringify]]) => ({ text: write(request), expected: expectList(request) })),
  },
  { weight: 3, arbitrary: fc.oneof(handWritten, damaged).map((text) => ({ text, expected: expectJson(text) })) },
);

const ids = fc.oneof(
  fc.constantFrom('0f7f4f0e-7f5b-4d52-8f5e-0d7f4b0c1a2b', 'a', 'x'.repeat(128)),
  fc.constantFrom('', 'x'.repeat(129), 'a b', 'é'),
);
const isId = (id: string) => /^[\w.:-]{1,128}$/.test(id);

const reports = fc.record(
  { requestId: ids, text: texts, label: fc.constantFrom('negative', 'neutral', 'positive', 'good', '') },
  { requiredKeys: [] },
);

function expectFeedback({ requestId, text, label }: { requestId?: string; text?: string; label?: string }): Expected {
  const isRight =
    ['negative', 'neutral', 'positive'].includes(label ?? '') &&
    (requestId === undefined ? text !== undefined : isId(requestId)) &&
    (text === undefined || text.isWellFormed());
  if (!isRight) return failsWith('BODY_INVALID');
  const fault = text === undefined ? undefined : findFault(text);
  return fault ? failsWith(fault) : { kind: 'status', statuses: [202] };
}

/** Bodies of JSON for `POST /feedback`. */
export const feedback: fc.Arbitrary<Body> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc
      .tuple(reports, writers)
      .map(([report, [write = JSON.stringify]]) => ({ text: write(report), expected: expectFeedback(report) })),
  },
  { weight: 1, arbitrary: fc.oneof(handWritten, damaged).map((text) => ({ text, expected: expectJson(text) })) },
);
