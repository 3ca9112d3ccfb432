// What the answers to `npm run smoke` must be.
import { z } from 'zod';

/** What came back. */
export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed, if it is JSON. */
  readonly body: unknown;
  /** From the request to the last byte, in whole milliseconds. */
  readonly ms: number;
}

/** A text with an obvious label. */
export interface Sentence {
  readonly text: string;
  readonly label: 'negative' | 'positive';
}

/** The error that must answer a bad request. */
export interface Refusal {
  readonly status: number;
  readonly code: string;
}

/** A text that cannot be classified, and the error that must have its place in a list. */
interface BadText {
  readonly text: string;
  readonly code: string;
}

const probability = z.string().regex(/^(0(\.\d+)?|1(\.0+)?|\d(\.\d+)?e-\d+)$/, 'is no probability');
const answer = z.object({
  response: z.strictObject({
    positive: probability,
    negative: probability,
    sentence: z.string(),
    time_taken: z.string().regex(/^\d+(\.\d+)?$/, 'is no number of seconds'),
  }),
  label: z.enum(['negative', 'neutral', 'positive']),
  probabilities: z.record(z.string(), z.number().min(0).max(1)),
  model: z.string(),
  tokens: z.int().positive(),
  unknown: z.int().nonnegative(),
  truncated: z.boolean(),
  dropped: z.int().positive().optional(),
});
const failure = z.object({ error: z.object({ code: z.string(), message: z.string() }) });
const item = z.union([answer.pick({ label: true, probabilities: true }), failure]);
const list = z.object({ model: z.string(), results: z.array(item) });
const model = z.object({ version: z.string(), maxTokens: z.int().positive() });

/** Throws an Error with the problem unless the condition holds. */
export function expect(condition: boolean, problem: string): void {
  if (!condition) throw new Error(problem);
}

function read<T>(schema: z.ZodType<T>, { status, body }: Reply): T {
  expect(status === 200, `status ${status}: ${JSON.stringify(body)?.slice(0, 200)}`);
  const { data, error } = schema.safeParse(body);
  if (data !== undefined) return data;
  const [issue] = error?.issues ?? [];
  throw new Error(`the body's ${issue?.path.join('.') || 'shape'}: ${issue?.message}`);
}

type Answer = z.infer<typeof answer>;

/** Checks that the strings, the probabilities and the label of an answer say the same. */
function checkProbabilities({ response, label, probabilities }: Answer): void {
  const { positive, negative } = response;
  expect(Math.abs(Number(positive) + Number(negative) - 1) < 1e-6, `positive ${positive} and negative ${negative}`);
  const values = Object.values(probabilities);
  const shown = JSON.stringify(probabilities);
  const sum = values.reduce((total, value) => total + value, 0);
  expect(Math.abs(sum - 1) < 1e-6, `the probabilities ${shown} do not sum to 1`);
  const { positive: one = Number.NaN, negative: other = Number.NaN } = probabilities;
  expect(
    Math.abs(one / (one + other) - Number(positive)) < 1e-5,
    `positive ${positive}, but the probabilities ${shown}`,
  );
  expect(probabilities[label] === Math.max(...values), `the label ${label}, but the probabilities ${shown}`);
}

function readAnswer(reply: Reply, sentence: string): Answer {
  const data = read(answer, reply);
  expect(data.response.sentence === sentence, `the sentence came back as ${JSON.stringify(data.response.sentence)}`);
  checkProbabilities(data);
  const version = reply.headers.get('x-model-version');
  expect(version === data.model, `X-Model-Version is ${version}, but the body says ${data.model}`);
  return data;
}

/** Returns the model's version and how many tokens it reads. */
export const readModel = (reply: Reply) => read(model, reply);

/** Like each check: returns what it saw, and throws an Error that says what is wrong. */
export function checkLabel(reply: Reply, { text, label }: Sentence): string {
  const { response, label: answered } = readAnswer(reply, text);
  expect(answered === label, `${JSON.stringify(text)} is ${answered}, with ${label} ${response[label]}`);
  return `${label} ${response[label]}`;
}

export function checkLong(reply: Reply, text: string): string {
  const { tokens, truncated, dropped } = readAnswer(reply, text);
  expect(truncated && dropped !== undefined, `not marked as truncated, with ${tokens} tokens read`);
  return `${tokens} tokens read, ${dropped} dropped and said so`;
}

/** Checks that the results have the order of the texts, with an error in the place of one that is bad. */
export function checkList(reply: Reply, texts: readonly (Sentence | BadText)[]): string {
  const { results } = read(list, reply);
  const seen = results.map((result) => ('error' in result ? result.error.code : result.label)).join(', ');
  const wanted = texts.map((text) => ('code' in text ? text.code : text.label)).join(', ');
  expect(seen === wanted, `${seen || 'no results'}, not ${wanted}`);
  return seen;
}

export function checkRefusal({ status, body, headers }: Reply, expected: Refusal): string {
  const code = failure.safeParse(body).data?.error.code;
  const seen = `${status} ${code ?? JSON.stringify(body)?.slice(0, 200)}`;
  expect(status === expected.status && code === expected.code, `${seen}, not ${expected.status} ${expected.code}`);
  expect(status !== 405 || headers.has('allow'), 'no Allow header');
  return seen;
}
