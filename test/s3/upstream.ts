// Reads objects of a real S3 server for a server in front of it.
import { type IncomingMessage, request as open } from 'node:http';
import { buffer } from 'node:stream/consumers';
import type { Answer } from './wire-faults.ts';

/** Headers of a request that decide about the answer. The emulator takes a signature that was made for another server. */
const passedOn = ['authorization', 'range', 'if-match', 'if-none-match', 'x-amz-checksum-mode', 'x-amz-date'];
/** Headers that are of the connection alone. */
const ownOfConnection = ['connection', 'keep-alive', 'transfer-encoding', 'date', 'server'];

const choose = (headers: IncomingMessage['headers'], chosen: (name: string) => boolean) =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      chosen(name) && typeof value === 'string' ? [[name, value] as const] : [],
    ),
  );

/** Reads the answer of a real server to a GET of a path, with the headers of another request. */
export type ReadUpstream = (path: string, headers: IncomingMessage['headers']) => Promise<Answer>;

async function read(endpoint: string, path: string, headers: IncomingMessage['headers']): Promise<Answer> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const request = open(new URL(path, endpoint), { headers: choose(headers, (name) => passedOn.includes(name)) });
    request.on('response', resolve).on('error', reject).end();
  });
  const body = await buffer(response);
  return {
    status: response.statusCode ?? 502,
    headers: choose(response.headers, (name) => !ownOfConnection.includes(name)),
    body,
  };
}

/** Opens a real S3 server whose objects never change. Each answer is read from it once. */
export function openUpstream(endpoint: string): ReadUpstream {
  const answers = new Map<string, Promise<Answer>>();
  return (path, headers) => {
    const deciding = ['range', 'if-match', 'if-none-match', 'x-amz-checksum-mode'].map((name) => headers[name] ?? '');
    const name = JSON.stringify([path, ...deciding]);
    const answer = answers.get(name) ?? read(endpoint, path, headers);
    answers.set(name, answer);
    return answer;
  };
}
