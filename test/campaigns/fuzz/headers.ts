// Headers of random requests.
import fc from 'fast-check';
import type { Asked } from './asked.ts';

type Headers = Asked['headers'];

/** The one key that the closed service knows. */
export const key = '0123456789abcdef0123456789abcdef';

/** The one origin whose pages may call a server with `--cors`. */
export const allowedOrigin = 'https://example.com';

/** Names and values of headers that change an answer, and others. */
const headerValues: fc.Arbitrary<readonly [string, string]> = fc.oneof(
  fc.tuple(
    fc.constant('accept'),
    fc.constantFrom('*/*', 'text/html', 'application/json', 'text/html;q=0', '', ',,;', 'TEXT/HTML'),
  ),
  fc.tuple(
    fc.constant('accept-encoding'),
    fc.constantFrom('gzip', 'br', 'gzip;q=0', 'identity;q=0, *;q=0', '', 'gzip, deflate, br', '*'),
  ),
  fc.tuple(fc.constant('if-none-match'), fc.constantFrom('*', 'W/"x"', '"', 'W/"LNr2B0wsZdvIgH63KayAHA", "a,b"', ',')),
  fc.tuple(
    fc.constantFrom('authorization', 'x-api-key'),
    fc.constantFrom(key, `Bearer ${key}`, `bearer  ${key}`, 'Bearer', 'Basic eDp5', ''),
  ),
  fc.tuple(
    fc.constant('origin'),
    fc.constantFrom(allowedOrigin, allowedOrigin, 'https://example.com.evil', 'null', '*', ''),
  ),
  fc.tuple(
    fc.constantFrom(
      'range',
      'if-modified-since',
      'x-http-method-override',
      'x-forwarded-host',
      'cookie',
      'referer',
      'x-request-id',
      '__proto__',
      'constructor',
    ),
    fc.constantFrom(
      'bytes=0-1',
      'Thu, 01 Jan 1970 00:00:00 GMT',
      'DELETE',
      'evil.example',
      'a=b; c=d',
      'x'.repeat(5000),
    ),
  ),
);

/** Headers of a request; usually none. */
export const headers: fc.Arbitrary<Headers> = fc.oneof(
  { weight: 2, arbitrary: fc.constant({}) },
  { weight: 1, arbitrary: fc.array(headerValues, { maxLength: 3 }).map((pairs) => Object.fromEntries(pairs)) },
);

/** Media types of JSON. */
export const json = fc.oneof(
  { weight: 9, arbitrary: fc.constant('application/json') },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      'Application/JSON ; Charset="UTF-8"',
      'application/json;charset=us-ascii',
      'application/json; x=y',
    ),
  },
);
/** Media types of forms. */
export const form = fc.oneof(
  { weight: 9, arbitrary: fc.constant('application/x-www-form-urlencoded') },
  {
    weight: 1,
    arbitrary: fc.constantFrom('application/x-www-form-urlencoded; charset=utf-8', 'APPLICATION/X-WWW-FORM-URLENCODED'),
  },
);
/** Media types that are refused. */
export const unsupported = fc.constantFrom(
  '',
  'text/plain',
  'application/json; charset=latin1',
  'application/jsonx',
  'multipart/form-data; boundary=x',
  'json',
  ';',
  '*/*',
);
