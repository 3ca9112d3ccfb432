// The part `socket`: the server of `npm start`, asked on connections of every kind, with requests that are none among them.
import { join } from 'node:path';
import fc from 'fast-check';
import type { Outcome, Part } from '../campaign.ts';
import { checkAnswer, checkError } from './answers.ts';
import type { Asked } from './asked.ts';
import { checkCases, type Tally } from './batches.ts';
import { exchange } from './connection.ts';
import { type Connection, createConnections, type Malformed, type Pipelined } from './connections.ts';
import { type Contract, readContract } from './contract.ts';
import { listAssets } from './handler.ts';
import { allowedOrigin, key } from './headers.ts';
import { watchMemory } from './memory.ts';
import { readAnswers, writeRequest } from './raw-http.ts';
import { type ServerProcess, startServerProcess } from './server-process.ts';

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
