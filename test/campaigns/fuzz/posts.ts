// Random requests with a body.
import fc from 'fast-check';
import { type Asked, failsWith } from './asked.ts';
import type { Body } from './bodies.ts';
import { headers, unsupported } from './headers.ts';

const bytesOf = (text: string) => Buffer.from(text.toWellFormed(), 'utf8').toString('latin1');

/** Largest body that is read. */
const mostBytes = 1024 * 1024;

/** A request with a body. Some have a type or an encoding that is refused, some are not in UTF-8. */
export function post(path: string, types: fc.Arbitrary<string>, bodies: fc.Arbitrary<Body>): fc.Arbitrary<Asked> {
  const base = { method: 'POST', path, query: '' };
  const right = fc.tuple(types, bodies, headers).map(([type, { text, expected }, more]) => {
    const body = bytesOf(text);
    const sent = { ...base, headers: { ...more, 'content-type': type }, body };
    return { ...sent, expected: body.length > mostBytes ? failsWith('BODY_TOO_LARGE') : expected };
  });
  const refused = fc.tuple(unsupported, bodies).map(([type, { text }]) => ({
    ...base,
    headers: { 'content-type': type },
    body: bytesOf(text),
    expected: failsWith('CONTENT_TYPE_UNSUPPORTED'),
  }));
  const packed = fc.tuple(types, fc.constantFrom('gzip', 'br', 'zstd', 'x')).map(([type, encoding]) => ({
    ...base,
    headers: { 'content-type': type, 'content-encoding': encoding },
    body: '\x1f\x8b\x08',
    expected: failsWith('CONTENT_TYPE_UNSUPPORTED'),
  }));
  const notUtf8 = fc
    .tuple(
      types,
      fc.constantFrom(
        '\xff',
        '\xc0\x80',
        '\xed\xa0\x80',
        '\xf4\x90\x80\x80',
        '{"inputs":"\xe9"}',
        'sentence=\xe9',
        '\xe2\x82',
      ),
    )
    .map(([type, body]) => ({
      ...base,
      headers: { 'content-type': type },
      body,
      expected: failsWith('BODY_MALFORMED'),
    }));
  const large = fc.tuple(types, fc.integer({ min: 1, max: 3 })).map(([type, more]) => ({
    ...base,
    headers: { 'content-type': type },
    body: ' '.repeat(mostBytes + more),
    expected: failsWith('BODY_TOO_LARGE'),
  }));
  return fc.oneof(
    { weight: 400, arbitrary: right },
    { weight: 20, arbitrary: refused },
    { weight: 10, arbitrary: packed },
    { weight: 20, arbitrary: notUtf8 },
    { weight: 1, arbitrary: large },
  );
}
