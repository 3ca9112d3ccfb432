// The part `handler`: events of API Gateway's HTTP API through the Lambda handler, several at the same time.
import { isUtf8 } from 'node:buffer';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import type { Handler, HttpEvent } from '../../../functions/predict/handler.ts';
import { createLightResponse } from '../../../functions/predict/light-response.ts';
import { createEvent, lambdaContext } from '../../functions/predict/http-event.ts';
import type { Part } from '../campaign.ts';
import { checkAnswer } from './answers.ts';
import type { Asked, Expected } from './asked.ts';
import { checkCases, type Tally } from './batches.ts';
import { type Answer, type Contract, readContract } from './contract.ts';
import { key } from './headers.ts';
import { createHeapReader, watchMemory } from './memory.ts';
import { createRequests, type Served } from './requests.ts';
import { createFuzzedService, type FuzzedService } from './service.ts';

/** How a request travels, and which service it is for. */
interface Sent {
  readonly asked: Asked;
  readonly base64: boolean;
  readonly door: 'open' | 'closed' | 'with key';
  /** What is asked afterwards, if the answer is one to a sentence: the same, or the same in a list. */
  readonly following: 'nothing' | 'again' | 'list';
  /** Fields that the event lacks. */
  readonly lacks: readonly ('headers' | 'rawQueryString' | 'queryStringParameters' | 'cookies' | 'body')[];
}

/** A service and its own document. */
interface Door {
  readonly handler: Handler;
  readonly contract: Contract;
}

/** Creates the event. API Gateway encodes bodies that are no text. */
export function toEvent({ asked, base64, lacks }: Pick<Sent, 'asked' | 'base64' | 'lacks'>): HttpEvent {
  const { body = '', headers, ...rest } = asked;
  const bytes = Buffer.from(body, 'latin1');
  const isBase64Encoded = base64 || !isUtf8(bytes);
  const text = bytes.toString(isBase64Encoded ? 'base64' : 'utf8');
  const event = { ...createEvent({ ...rest, headers, body: text }), isBase64Encoded };
  for (const name of lacks) delete (event as Partial<Record<string, unknown>>)[name];
  return event;
}

/** Asks a handler. */
async function ask(handler: Handler, event: HttpEvent): Promise<Answer> {
  const { statusCode: status, headers = {}, body, isBase64Encoded } = await handler(event, lambdaContext);
  const strings = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]),
  );
  // Packed answers are pages; what is in them is not of interest here.
  return { status, headers: strings, body: isBase64Encoded ? Buffer.from(body, 'base64').toString('latin1') : body };
}

/** Reads the document that a service serves. */
async function openDoor(handler: Handler): Promise<Door> {
  const { body } = await ask(handler, createEvent({ path: '/openapi.json' }));
  return { handler, contract: readContract(JSON.parse(body)) };
}

/** Asks and checks. */
async function checkSent({ door, following, ...sent }: Sent, { open, closed }: Doors, tally: Tally): Promise<void> {
  const headers = door === 'with key' ? { ...sent.asked.headers, 'x-api-key': key } : sent.asked.headers;
  const { handler, contract } = door === 'open' ? open : closed;
  // Of a request that lost a part, only the shape of the answer is certain.
  const asked = { ...sent.asked, headers, ...(sent.lacks.length > 0 && { expected: undefined }) };
  const answer = await ask(handler, toEvent({ ...sent, asked }));
  checkAnswer(asked, answer, contract);
  tally.count(String(answer.status));
  if (answer.status !== 200 || asked.method !== 'GET' || asked.expected?.kind !== 'sentence') return;
  if (following === 'again') await checkAgain(asked, answer, handler);
  if (following === 'list') await checkInList(asked.expected, { asked, answer }, handler);
}

/** The same request with the tag of its answer: nothing has changed. */
async function checkAgain(asked: Asked, { headers: { etag = '' } }: Answer, handler: Handler): Promise<void> {
  const headers = { ...asked.headers, 'if-none-match': `"other", ${etag}` };
  const { status, headers: answered } = await ask(
    handler,
    toEvent({ asked: { ...asked, headers }, base64: false, lacks: [] }),
  );
  if (status !== 304 || answered.etag !== etag) throw new Error(`With its ETag the status is ${status}.`);
}

/** The same text twice in a list: the prediction is the same. */
async function checkInList(
  { sentence, parameters }: Extract<Expected, { kind: 'sentence' }>,
  { asked, answer }: { readonly asked: Asked; readonly answer: Answer },
  handler: Handler,
): Promise<void> {
  const body = Buffer.from(JSON.stringify({ inputs: ['bad', sentence], parameters })).toString('latin1');
  const headers = { ...asked.headers, 'content-type': 'application/json' };
  const list = { method: 'POST', path: '/predict', query: '', headers, body };
  const { results } = JSON.parse((await ask(handler, toEvent({ asked: list, base64: true, lacks: [] }))).body);
  const { response: _, model: __, ...prediction } = JSON.parse(answer.body);
  const [one, other] = [JSON.stringify(prediction), JSON.stringify(results[1])];
  if (one !== other) throw new Error(`The prediction is ${one}, and in a list ${other}.`);
}

interface Doors {
  readonly open: Door;
  readonly closed: Door;
}

/** Opens both services and reads their documents. */
export const openDoors = async ({ open, closed }: Pick<FuzzedService, 'open' | 'closed'>): Promise<Doors> => ({
  open: await openDoor(open),
  closed: await openDoor(closed),
});

/** Requests that are asked at the same time. */
export function createCases(served: Served): fc.Arbitrary<readonly Sent[]> {
  const sent = fc.record({
    asked: createRequests(served),
    base64: fc.boolean(),
    door: fc.oneof(
      { weight: 8, arbitrary: fc.constant('open' as const) },
      { weight: 1, arbitrary: fc.constantFrom('closed' as const, 'with key' as const) },
    ),
    following: fc.oneof(
      { weight: 8, arbitrary: fc.constant('nothing' as const) },
      { weight: 1, arbitrary: fc.constantFrom('again' as const, 'list' as const) },
    ),
    lacks: fc.oneof(
      { weight: 30, arbitrary: fc.constant([]) },
      {
        weight: 1,
        arbitrary: fc.subarray(['headers', 'rawQueryString', 'queryStringParameters', 'cookies', 'body'] as const),
      },
    ),
  });
  return fc.array(sent, { minLength: 1, maxLength: 8, size: 'max' });
}

/** Asks all at the same time, and checks each answer by itself. */
export async function checkTogether(sent: readonly Sent[], doors: Doors, tally: Tally): Promise<number> {
  await Promise.all(sent.map((one) => checkSent(one, doors, tally)));
  return sent.length;
}

/** Names of the files of the page. */
export const listAssets = (dist: string): readonly string[] =>
  readdirSync(join(dist, 'page', 'assets')).map((name) => name.replace(/\.gz$/, ''));

export const handler: Part = {
  name: 'handler',
  unit: 'requests',
  short: 90_000,
  parallel: true,
  run: async (context) => {
    const service = await createFuzzedService(context.folder, context.dist);
    const memory = watchMemory(createHeapReader());
    // As functions/predict/index.ts does.
    globalThis.Response = createLightResponse(Response);
    try {
      const doors = await openDoors(service);
      const check = async (sent: readonly Sent[], tally: Tally) => {
        const tried = await checkTogether(sent, doors, tally);
        memory.count(tried);
        return tried;
      };
      const outcome = await checkCases({ cases: createCases({ assets: listAssets(context.dist) }), check }, context);
      return memory.judge(outcome);
    } finally {
      await service.release();
    }
  },
};
