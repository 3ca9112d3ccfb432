import { z } from 'zod';
import type { Reply } from './client.ts';

const probability = z.string().regex(/^(0(\.\d+)?|1(\.0+)?|\d(\.\d+)?e-\d+)$/, 'is no probability');
const answer = z.object({
  response: z.strictObject({
    positive: probability,
    negative: probability,
    sentence: z.string(),
    time_taken: z.string().regex(/^\d+(\.\d+)?$/, 'is no number of seconds'),
  }),
  model: z.string(),
  tokens: z.int().positive(),
  truncated: z.boolean(),
  dropped: z.int().positive().optional(),
});
const model = z.object({ version: z.string(), maxTokens: z.int().positive() });
const failure = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

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

function readAnswer(reply: Reply, sentence: string) {
  const data = read(answer, reply);
  const { positive, negative } = data.response;
  expect(data.response.sentence === sentence, `the sentence came back as ${JSON.stringify(data.response.sentence)}`);
  expect(Math.abs(Number(positive) + Number(negative) - 1) < 1e-6, `positive ${positive} and negative ${negative}`);
  const version = reply.headers.get('x-model-version');
  expect(version === data.model, `X-Model-Version is ${version}, but the body says ${data.model}`);
  return data;
}

/** A text and what everybody would call it. */
export interface Sentence {
  readonly text: string;
  readonly label: 'positive' | 'negative';
}

/** How a bad request must be refused. */
export interface Refusal {
  readonly name: string;
  readonly path: string;
  readonly method?: string;
  readonly status: number;
  readonly code: string;
}

/** The model's version and how many tokens it reads. */
export const readModel = (reply: Reply) => read(model, reply);

/** Each check says what it saw, and throws an Error that says what is wrong. */
export function checkLabel(reply: Reply, { text, label }: Sentence): string {
  const { response } = readAnswer(reply, text);
  expect(Number(response[label]) > 0.5, `${JSON.stringify(text)} is ${label} with ${response[label]} only`);
  return `${label} ${response[label]}`;
}

export function checkLong(reply: Reply, text: string): string {
  const { tokens, truncated, dropped } = readAnswer(reply, text);
  expect(truncated && dropped !== undefined, `not marked as truncated, with ${tokens} tokens read`);
  return `${tokens} tokens read, ${dropped} dropped and said so`;
}

export function checkRefusal({ status, body, headers }: Reply, expected: Refusal): string {
  const code = failure.safeParse(body).data?.error.code;
  const seen = `${status} ${code ?? JSON.stringify(body)?.slice(0, 200)}`;
  expect(status === expected.status && code === expected.code, `${seen}, not ${expected.status} ${expected.code}`);
  expect(status !== 405 || headers.has('allow'), 'no Allow header');
  return seen;
}
