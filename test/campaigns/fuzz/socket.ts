// The part `socket`: the server of `npm start`, asked on connections of every kind, with requests that are none among them.
import { join } from 'node:path';
import fc from 'fast-check';
import type { Outcome, Part } from '../campaign.ts';
import { checkAnswer, checkError } from './answers.ts';
import type { Asked } from './asked.ts';
import { checkCases, type Tally } from './batches.ts';
import { exchange, type Sending } from './connection.ts';
import { type Contract, readContract } from './contract.ts';
import { listAssets } from './handler.ts';
import { watchMemory } from './memory.ts';
import { type Framing, readAnswers, writeRequest } from './raw-http.ts';
import { allowedOrigin, createRequests, key } from './requests.ts';
import { type ServerProcess, startServerProcess } from './server-process.ts';

/** Requests that follow each other on one connection without waiting for answers. */
interface Pipelined {
  readonly kind: 'pipelined';
  readonly requests: readonly { readonly asked: Asked; readonly framing: Framing; readonly hasKey: boolean }[];
  readonly sending: Sending;
}

/** Bytes that may be no HTTP. */
interface Malformed {
  readonly kind: 'malformed';
  readonly bytes: string;
  readonly sending: Sending;
}

type Connection = Pipelined | Malformed;

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

/** A server, and the document that it serves. */
interface Asking {
  readonly server: Pick<ServerProcess, 'port' | 'takeFaults'>;
  readonly contract: Contract;
}

/** Asks on one connection, and checks all answers. Returns the number of requests. */
export async function checkConnection(
  connection: Connection,
  { server, contract }: Asking,
  tally: Tally,
): Promise<number> {
  const tried = await (connection.kind === 'malformed'
    ? checkMalformed(connection, server.port, tally)
    : checkPipelined(connection, { port: server.port, contract }, tally));
  const [fault] = server.takeFaults();
  if (fault !== undefined) throw new Error(`The server says: ${fault}`);
  return tried;
}

/** A request line and headers near 64 KiB may be too large, which comes before all else. */
function expectLimit(asked: Asked): Asked & { readonly isLarge: boolean } {
  const bytes = [asked.path, asked.query, ...Object.values(asked.headers)].reduce((sum, text) => sum + text.length, 0);
  return { ...asked, isLarge: bytes > 20_000 };
}

async function checkPipelined(
  { requests, sending }: Pipelined,
  { port, contract }: { readonly port: number; readonly contract: Contract },
  tally: Tally,
): Promise<number> {
  const asked = requests.map(({ asked: one, hasKey }) =>
    expectLimit(hasKey ? { ...one, headers: { ...one.headers, 'x-api-key': key } } : one),
  );
  const bytes = requests.map(({ framing }, index) => {
    const one = asked[index];
    return one ? writeRequest(one, framing, index === requests.length - 1) : '';
  });
  const { text, isHanging } = await exchange(port, bytes.join(''), sending);
  if (isHanging) throw new Error(`The connection does not end; it had ${JSON.stringify(text.slice(0, 200))}.`);
  if (sending.ending === 'reset') {
    tally.count('reset', requests.length);
    return requests.length;
  }
  const { answers, isCut } = readAnswers(
    text,
    asked.map(({ method }) => method),
  );
  for (const [index, answer] of answers.entries()) {
    const one = asked[index];
    if (!one) throw new Error(`There are ${answers.length} answers to ${asked.length} requests.`);
    if (one.isLarge && answer.status === 413) checkError(one.method, answer);
    else checkAnswer(one, answer, contract);
    tally.count(String(answer.status));
  }
  const missing = asked.length - answers.length;
  // To the server, a client that closes its half is gone.
  const isEnded = sending.ending === 'half-close' || (answers.at(-1)?.isLast && !isCut);
  if (missing > 0 && !isEnded)
    throw new Error(
      `There are ${answers.length} answers to ${asked.length} requests, and none says that it is the last.`,
    );
  if (missing > 0) tally.count(sending.ending === 'half-close' ? 'gone' : 'behind the end of a connection', missing);
  return requests.length;
}

/** Whatever the bytes are: what comes back are answers, and errors have the shape of all errors. */
async function checkMalformed({ bytes, sending }: Malformed, port: number, tally: Tally): Promise<number> {
  const { text, isHanging } = await exchange(port, bytes, sending);
  if (isHanging) throw new Error('The connection of a malformed request does not end.');
  if (sending.ending !== 'reset')
    for (const answer of readAnswers(text, []).answers) {
      if (answer.status >= 500 && answer.status !== 501)
        throw new Error(`The status is ${answer.status}: ${answer.body}`);
      if (answer.status >= 400) checkError('GET', answer);
    }
  tally.count('malformed');
  return 1;
}

async function readDocument(port: number): Promise<Contract> {
  const response = await fetch(`http://127.0.0.1:${port}/openapi.json`);
  return readContract(JSON.parse(await response.text()));
}

/** Connections that stay open when nobody asks. */
function judgeDescriptors(outcome: Outcome, before: number, after: number): Outcome {
  const line = `The server has ${before} descriptors before and ${after} after.`;
  const findings = after > before + 20 ? [...outcome.findings, `Descriptors stay open. ${line}`] : outcome.findings;
  return { ...outcome, findings, lines: [...(outcome.lines ?? []), line] };
}

export const socket: Part = {
  name: 'socket',
  unit: 'requests',
  short: 10_000,
  parallel: true,
  run: async (context) => {
    const { dist, folder } = context;
    // The queue holds all that is asked at the same time: overload is not the subject here.
    const plain = ['--queue', '100000', '--api-key', key, '--feedback', join(folder, 'feedback.jsonl')];
    const words = context.seed % 2 === 0 ? plain : [...plain, '--cors', allowedOrigin];
    const server = await startServerProcess({ dist, folder, words });
    const memory = watchMemory(server.readMemory);
    try {
      const contract = await readDocument(server.port);
      const before = server.countDescriptors();
      const check = async (connections: readonly Connection[], tally: Tally) => {
        const tried = await Promise.all(connections.map((one) => checkConnection(one, { server, contract }, tally)));
        const sum = tried.reduce((total, one) => total + one, 0);
        memory.count(sum);
        return sum;
      };
      const cases = fc.array(createConnections(listAssets(dist)), { minLength: 1, maxLength: 8, size: 'max' });
      const outcome = memory.judge(await checkCases({ cases, check }, context));
      return judgeDescriptors(outcome, before, server.countDescriptors());
    } finally {
      await server.stop();
    }
  },
};
