// Random requests: every route, method and header, with right and wrong values.
import fc from 'fast-check';
import { type Asked, type Expected, expectSentence, failsWith } from './asked.ts';
import { encodedFields, feedback, forms, lists } from './bodies.ts';
import { form, headers, json } from './headers.ts';
import { post } from './posts.ts';
import { wholeTexts } from './request-texts.ts';

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

/** Pieces of queries that nobody encoded. */
export const rawPieces = fc.oneof(
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
