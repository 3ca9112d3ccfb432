// What is sent on connections at random: requests behind each other, and bytes that may be no HTTP.
import fc from 'fast-check';
import type { Asked } from './asked.ts';
import type { Sending } from './connection.ts';
import type { Framing } from './raw-http.ts';
import { createRequests } from './requests.ts';

/** Requests that follow each other on one connection without waiting for answers. */
export interface Pipelined {
  readonly kind: 'pipelined';
  readonly requests: readonly { readonly asked: Asked; readonly framing: Framing; readonly hasKey: boolean }[];
  readonly sending: Sending;
}

/** Bytes that may be no HTTP. */
export interface Malformed {
  readonly kind: 'malformed';
  readonly bytes: string;
  readonly sending: Sending;
}

/** One connection. */
export type Connection = Pipelined | Malformed;

const framings: fc.Arbitrary<Framing> = fc.record({
  version: fc.oneof(
    { weight: 9, arbitrary: fc.constant('1.1' as const) },
    { weight: 1, arbitrary: fc.constant('1.0' as const) },
  ),
  chunk: fc.constantFrom(0, 0, 0, 1, 7, 1000),
  expect: fc.oneof(
    { weight: 8, arbitrary: fc.constant('') },
    { weight: 1, arbitrary: fc.constantFrom('100-continue', '100-Continue', 'x') },
  ),
});

const cuts = fc.oneof(
  { weight: 3, arbitrary: fc.constant([]) },
  {
    weight: 1,
    arbitrary: fc.array(
      fc.integer({ min: 0, max: 100 }).map((share) => share / 100),
      { maxLength: 5 },
    ),
  },
);

const sendings: fc.Arbitrary<Sending> = fc.record({
  cuts,
  ending: fc.oneof(
    { weight: 4, arbitrary: fc.constant('wait' as const) },
    { weight: 1, arbitrary: fc.constant('half-close' as const) },
    { weight: 1, arbitrary: fc.constant('reset' as const) },
  ),
});

/** Requests that break the grammar of HTTP, or say two things at once. */
const broken = fc.constantFrom(
  'GET /predict?sentence=good HTTP/1.1\r\n\r\n',
  'GET /predict?sentence=good HTTP/2.0\r\nHost: x\r\n\r\n',
  'GET /predict?sentence=good\r\n\r\n',
  'GET  /predict HTTP/1.1\r\nHost: x\r\n\r\n',
  'GET /predict?sentence=a b HTTP/1.1\r\nHost: x\r\n\r\n',
  'GET http://other.example/predict?sentence=good HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
  'GET //other.example/predict HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
  'GET * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
  'OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
  'CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: \r\nConnection: close\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: [::1\r\nConnection: close\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: x:99999\r\nConnection: close\r\n\r\n',
  'GET / HTTP/1.1\r\nHost : x\r\n\r\n',
  'GET / HTTP/1.1\nHost: x\n\n',
  'GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: x\r\nA: \0\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: x\r\nA: é\r\nConnection: close\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
  `GET /${'a'.repeat(70_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
  `GET / HTTP/1.1\r\nHost: x\r\nA: ${'a'.repeat(70_000)}\r\n\r\n`,
  `GET / HTTP/1.1\r\nHost: x\r\n${'A: b\r\n'.repeat(3000)}\r\n`,
  'POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef',
  'POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n',
  'POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 1e3\r\n\r\n',
  'POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n',
  'POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'POST /predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n',
  'POST /predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n',
  'POST /predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
  'POST /predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcdefgh\r\n0\r\n\r\n',
  'POST /predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n',
  'POST /predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nTrailer: x\r\nConnection: close\r\n\r\n',
  'POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"inputs":',
  'GET /predict?sentence=good HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\nConnection: close\r\n\r\nGET /model HTTP/1.1\r\n',
);

/** Changes a few bytes of a text. */
const mutations = fc.array(
  fc.tuple(
    fc.nat(),
    fc.nat(8),
    fc.oneof(
      fc.constantFrom('', '\r\n', '\n', '\0', ' ', ':', '\r\n\r\n', '\t', '0'),
      fc.string({ unit: 'binary-ascii', maxLength: 6 }),
    ),
  ),
  { minLength: 1, maxLength: 3 },
);

const mutated = fc
  .tuple(fc.string({ unit: 'binary-ascii', maxLength: 5 }), mutations, broken)
  .map(([tail, changes, text]) =>
    changes.reduce((bytes, [place, length, other]) => {
      const at = place % (bytes.length + 1);
      return bytes.slice(0, at) + other + bytes.slice(at + length);
    }, text + tail),
  );

/** The client ends what it has begun: otherwise the server waits for the rest, as it should. */
const malformed: fc.Arbitrary<Malformed> = fc.record({
  kind: fc.constant('malformed' as const),
  bytes: fc.oneof(broken, mutated, fc.string({ unit: 'binary-ascii', maxLength: 40 })),
  sending: fc.record({ cuts, ending: fc.constantFrom('half-close' as const, 'half-close' as const, 'reset' as const) }),
});

/** What a connection is used for. */
export function createConnections(assets: readonly string[]): fc.Arbitrary<Connection> {
  const request = fc.record({
    asked: createRequests({ assets, extra: ['/ready', '/metrics'], odd: false }),
    framing: framings,
    hasKey: fc.integer({ min: 0, max: 9 }).map((value) => value > 0),
  });
  const pipelined = fc.record({
    kind: fc.constant('pipelined' as const),
    requests: fc.array(request, { minLength: 1, maxLength: 6, size: 'max' }),
    sending: sendings,
  });
  return fc.oneof({ weight: 5, arbitrary: pipelined }, { weight: 1, arbitrary: malformed });
}
