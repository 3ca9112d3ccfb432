// The campaign finds what is planted, and nothing in the service itself.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import type { Handler } from '../../../functions/predict/handler.ts';
import { checkCases } from './batches.ts';
import { checkTogether, createCases, openDoors } from './handler.ts';
import { createFuzzedService, type FuzzedService } from './service.ts';

let service: FuzzedService;
beforeAll(async () => {
  // The handler prints why an event is no request.
  jest.spyOn(console, 'error').mockReturnValue();
  const folder = mkdtempSync(join(tmpdir(), 'fuzz-'));
  service = await createFuzzedService(folder);
});
afterAll(() => service.release());

type Result = Awaited<ReturnType<Handler>>;

/** Asks a service whose answers are changed on the way. */
async function fuzz(change: (result: Result) => Result) {
  const planted =
    (handler: Handler): Handler =>
    async (...words) =>
      change(await handler(...words));
  const doors = await openDoors(service);
  const changed = {
    open: { ...doors.open, handler: planted(service.open) },
    closed: { ...doors.closed, handler: planted(service.closed) },
  };
  const cases = createCases({ assets: [] });
  const context = {
    count: 1500,
    seed: 3,
    folder: '',
    dist: '',
    signal: AbortSignal.timeout(60_000),
    advance: () => undefined,
  };
  return checkCases({ cases, check: (sent, tally) => checkTogether(sent, changed, tally) }, context, 1);
}

/** Changes the body of an answer to one sentence. */
const change = (edit: (answer: Record<string, unknown>) => Record<string, unknown>) => (result: Result) => {
  if (result.statusCode !== 200 || !result.body.startsWith('{"response":{"positive"')) return result;
  return { ...result, body: JSON.stringify(edit(JSON.parse(result.body))) };
};

it('finds nothing in the service', async () => {
  const { count, outcomes, findings } = await fuzz((result) => result);
  expect(findings).toEqual([]);
  expect(count).toBeGreaterThanOrEqual(1500);
  expect(Object.keys(outcomes)).toEqual(expect.arrayContaining(['200', '202', '400', '401', '404', '405', '415']));
});

it.each<[string, (result: Result) => Result, RegExp]>([
  ['a field is missing', change(({ tokens: _, ...rest }) => rest), /^The answer breaks the schema .*tokens/],
  [
    'a field has another type',
    change((answer) => ({ ...answer, truncated: 'no' })),
    /^The answer breaks the schema at "\/truncated"/,
  ],
  [
    'probabilities do not sum to 1',
    change((answer) => ({ ...answer, probabilities: { negative: 0.2, neutral: 0.2, positive: 0.2 } })),
    /^The probabilities sum to/,
  ],
  ['the label is not the likeliest', change((answer) => ({ ...answer, score: 0.1 })), /is not the likeliest/],
  [
    'the sentence is changed',
    change(({ response, ...rest }) => ({ response: { ...(response as object), sentence: 'good' }, ...rest })),
    /^The sentence comes back as "good"/,
  ],
  [
    'an error is no JSON',
    (result) => {
      if (result.statusCode === 400 && result.headers) result.headers['content-type'] = 'text/html';
      return result;
    },
    /^The error has the type text\/html/,
  ],
  [
    'a caller without a key gets in',
    (result) => (result.statusCode === 401 ? { ...result, statusCode: 404 } : result),
    /^(Without the key the status is 404|The document has no status 404)/,
  ],
  ['something fails', (result) => ({ ...result, statusCode: 500 }), /^The status is 500/],
  [
    'a part of a list is lost',
    (result) => ({ ...result, body: result.body.replace(/("results":\[)\{[^[\]]*?\}\}?,/, '$1') }),
    /texts have \d+ results|breaks the schema|JSON/,
  ],
])('finds that %s, and shrinks the case', async (_, plant, sentence) => {
  const { findings } = await fuzz(plant);
  expect(findings[0]).toMatch(sentence);
  expect(findings[0]).toMatch(/Case \(fast-check seed \d+, path [\d:]+\): \[\[\{"asked":/);
});
