// Random requests: every route, method and header, with right and wrong values.
import fc from 'fast-check';
import { type Asked, type Expected, expectSentence, failsWith } from './asked.ts';
import { type Body, encodedFields, feedback, forms, lists } from './bodies.ts';
import { wholeTexts } from './request-texts.ts';

type Headers = Asked['headers'];

const bytesOf = (text: string) => Buffer.from(text.toWellFormed(), 'utf8').toString('latin1');

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

const headers: fc.Arbitrary<Headers> = fc.oneof(
  { weight: 2, arbitrary: fc.constant({}) },
  { weight: 1, arbitrary: fc.array(headerValues, { maxLength: 3 }).map((pairs) => Object.fromEntries(pairs)) },
);

const json = fc.oneof(
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
const form = fc.oneof(
  { weight: 9, arbitrary: fc.constant('application/x-www-form-urlencoded') },
  {
    weight: 1,
    arbitrary: fc.constantFrom('application/x-www-form-urlencoded; charset=utf-8', 'APPLICATION/X-WWW-FORM-URLENCODED'),
  },
);
const unsupported = fc.constantFrom(
  '',
  'text/plain',
  'application/json; charset=latin1',
  'application/jsonx',
  'multipart/form-data; boundary=x',
  'json',
  ';',
  '*/*',
);

/** Largest body that is read. */
const mostBytes = 1024 * 1024;

/** A request with a body. Some have a type or an encoding that is refused, some are not in UTF-8. */
function post(path: string, types: fc.Arbitrary<string>, bodies: fc.Arbitrary<Body>): fc.Arbitrary<Asked> {
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

/** A form is no feedback. */
const formAsFeedback = forms.map(({ text }) => ({ text, expected: failsWith('CONTENT_TYPE_UNSUPPORTED') }));

const reading = fc.oneof({ weight: 9, arbitrary: fc.constant('GET') }, { weight: 1, arbitrary: fc.constant('HEAD') });

const sentences: fc.Arbitrary<Asked> = fc
  .tuple(reading, fc.constantFrom('/predict', '/predict', '/predict', '/predict/'), encodedFields, headers)
  .map(([method, path, { pairs, text }, more]) => ({
    method,
    path,
    query: text,
    headers: more,
    expected: expectSentence(pairs, false),
  }));

/** Queries that nobody encoded. */
const rawPieces = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 8 }).map((text) => text.toWellFormed()),
  wholeTexts.map(encodeURIComponent),
  fc.constantFrom(
    'sentence=',
    'sentence',
    '&',
    '=',
    '%',
    '%zz',
    '%ED%A0%80',
    '%C0%AF',
    '%00',
    '%F',
    '+',
    '#',
    '?',
    '[]',
    '__proto__=1&',
    '%25',
    ';',
    '&&',
    'long=windows',
    'explain=',
  ),
);
const rawQueries: fc.Arbitrary<Asked> = fc
  .tuple(
    fc.array(rawPieces, { maxLength: 8 }),
    fc.constantFrom('/predict', '/predict', '/predict', '/predict', '/model', '/health', '/docs', '/openapi.json'),
    headers,
  )
  .map(([parts, path, more]) => ({ method: 'GET', path, query: parts.join(''), headers: more }));

const only = (...statuses: readonly number[]): Expected => ({ kind: 'status', statuses });

/** Routes without parameters. */
const plainRoutes = (more: readonly string[]): fc.Arbitrary<Asked> =>
  fc
    .tuple(reading, fc.constantFrom('/health', '/model', '/openapi.json', '/', ...more), encodedFields, headers)
    .map(([method, path, { text }, more]) => ({
      method,
      path,
      query: text.length > 100 ? '' : text,
      headers: more,
      expected: path === '/' ? only(200, 304, 404) : only(200, 304),
    }));

const pathPieces = fc.constantFrom(
  '/',
  '/',
  'predict',
  'model',
  'health',
  'docs',
  'assets',
  'openapi.json',
  'ready',
  'metrics',
  '..',
  '.',
  '%2e%2e',
  '%2f',
  '%',
  '%00',
  '%70redict',
  'PREDICT',
  '*',
  ':name',
  '\\',
  ';',
  '~',
  'é',
  '%C3%A9',
  '%ff',
  '__proto__',
  'constructor',
  '{}',
  '@',
  ':80',
  '?',
  '#',
  'x'.repeat(2000),
  'main-AAAAAAAA.js',
  'main-AAAAAAAA.js.gz',
);

/** Addresses of every kind, most of which exist nowhere. */
const paths: fc.Arbitrary<Asked> = fc
  .tuple(reading, fc.array(pathPieces, { maxLength: 6 }), headers)
  .map(([method, parts, more]) => ({ method, path: `/${parts.join('')}`, query: '', headers: more }));

/** Files of the page. */
const assetsOf = (names: readonly string[]): fc.Arbitrary<Asked> =>
  fc.tuple(reading, fc.constantFrom(...names), headers).map(([method, name, more]) => ({
    method,
    path: `/assets/${name}`,
    query: '',
    headers: more,
    expected: only(200),
  }));

const methods = fc.oneof(
  fc.constantFrom(
    'PUT',
    'DELETE',
    'PATCH',
    'OPTIONS',
    'POST',
    'TRACE',
    'CONNECT',
    'get',
    'post',
    'FOO',
    'PROPFIND',
    'G',
    '__proto__',
    'constructor',
  ),
  fc.string({ unit: fc.constantFrom(...'ABCxyz012-_!#$%&*+.^`|~'), minLength: 1, maxLength: 8 }),
);
const otherMethods: fc.Arbitrary<Asked> = fc
  .tuple(
    methods,
    fc.constantFrom('/predict', '/model', '/health', '/feedback', '/', '/nowhere', '/openapi.json', '/docs'),
    headers,
  )
  .map(([method, path, more]) => ({ method, path, query: '', headers: more }));

/** Names and values that are no header of HTTP, or that lie about the body. */
const oddHeaders: fc.Arbitrary<Asked> = fc
  .tuple(
    fc.constantFrom('GET', 'POST'),
    fc.oneof(
      fc.constantFrom(
        'accept',
        'content-length',
        'transfer-encoding',
        'connection',
        'expect',
        'upgrade',
        'te',
        'host',
        'a b',
        '',
        'é',
        'x:',
      ),
      fc.string({ unit: 'binary', maxLength: 5 }),
    ),
    fc.oneof(
      fc.constantFrom(
        'a\nb',
        '\0',
        'é',
        '\ud800',
        'chunked',
        '99999999999',
        '-1',
        '100-continue',
        'h2c',
        'close',
        '\x7f',
        ' ',
      ),
      fc.string({ unit: 'binary', maxLength: 8 }),
    ),
  )
  .map(([method, name, value]) => ({
    method,
    path: '/predict',
    query: 'sentence=good',
    headers: { [name]: value },
    ...(method === 'POST' && { body: '{"inputs":"good"}' }),
  }));

/** What differs between services. */
export interface Served {
  /** Names of the files below `/assets/`; none if there are no pages. */
  readonly assets: readonly string[];
  /** Further routes without parameters, such as `/metrics`. */
  readonly extra?: readonly string[];
  /** Whether there are headers that no connection can carry; by default there are. */
  readonly odd?: boolean;
}

/** Any request. */
export function createRequests({ assets, extra = [], odd = true }: Served): fc.Arbitrary<Asked> {
  const pages = assets.length > 0 ? ['/docs'] : [];
  return fc.oneof(
    { weight: 45, arbitrary: sentences },
    { weight: 20, arbitrary: post('/predict', json, lists) },
    { weight: 10, arbitrary: post('/predict', form, forms) },
    { weight: 8, arbitrary: post('/feedback', json, feedback) },
    { weight: 1, arbitrary: post('/feedback', form, formAsFeedback) },
    { weight: 8, arbitrary: rawQueries },
    { weight: 8, arbitrary: plainRoutes([...pages, ...extra]) },
    { weight: 8, arbitrary: paths },
    ...(assets.length > 0 ? [{ weight: 1, arbitrary: assetsOf(assets) }] : []),
    { weight: 5, arbitrary: otherMethods },
    { weight: odd ? 5 : 0, arbitrary: oddHeaders },
  );
}
