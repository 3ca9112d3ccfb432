// The questions of `npm run smoke`, and the checks of their answers.
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

/** A request's method and headers. */
export interface Request {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Asks for a path with its query. The promise rejects only if no answer comes. */
export type Client = (path: string, request?: Request) => Promise<Reply>;

/** One line of the report. */
export interface Finding {
  readonly name: string;
  /** Milliseconds of the request, if there was one. */
  readonly ms: number | undefined;
  /** What was seen. */
  readonly detail: string;
  /** What is wrong; undefined if nothing is. */
  readonly problem?: string;
}

/** A text with an obvious label. */
interface Sentence {
  readonly text: string;
  readonly label: 'negative' | 'positive';
}

/** A bad request and the error that must answer it. */
interface Refusal {
  readonly name: string;
  readonly path: string;
  readonly method?: string;
  readonly status: number;
  readonly code: string;
}

/** The tutorial's sentence and its opposite. */
const best: Sentence = { text: 'this is the best book ever', label: 'positive' };
const worst: Sentence = { text: 'this is the worst book ever', label: 'negative' };

/** API Gateway accepts 10,240 bytes of request line and headers. */
const longestQuery = 9_000;
const warmRequests = 5;

const pathOf = (sentence: string) => `/predict?${new URLSearchParams({ sentence })}`;

const refusals: readonly Refusal[] = [
  { name: 'no sentence', path: '/predict', status: 400, code: 'SENTENCE_MISSING' },
  { name: 'blank sentence', path: '/predict?sentence=+%09', status: 400, code: 'SENTENCE_BLANK' },
  { name: 'two sentences', path: '/predict?sentence=a&sentence=b', status: 400, code: 'SENTENCE_REPEATED' },
  { name: 'unknown path', path: '/nothing-is-here', status: 404, code: 'ROUTE_UNKNOWN' },
  { name: 'wrong method', path: '/predict?sentence=a', method: 'DELETE', status: 405, code: 'METHOD_NOT_ALLOWED' },
];

/**
 * Asks all questions, one after the other.
 *
 * @throws Error in one sentence if the first question gets no answer.
 */
export async function runChecks(ask: Client): Promise<Finding[]> {
  const versions = new Set<string>();
  const noting: Client = async (path, request) => {
    const reply = await ask(path, request);
    const version = reply.headers.get('x-model-version');
    if (version && path.startsWith('/predict')) versions.add(version);
    return reply;
  };
  const first = await noting(pathOf(best.text));
  const findings = [
    await find('first request', Promise.resolve(first), (reply) => checkLabel(reply, best)),
    await compareTimes(noting, first),
    await find('its opposite', noting(pathOf(worst.text)), (reply) => checkLabel(reply, worst)),
    await checkUnchanged(noting, first),
    ...(await checkLongText(noting)),
  ];
  for (const refusal of refusals) {
    const { name, path, method = 'GET' } = refusal;
    findings.push(await find(name, noting(path, { method }), (reply) => checkRefusal(reply, refusal)));
  }
  findings.push(await find('health', noting('/health'), checkHealth));
  return [...findings, describeVersions(versions)];
}

/** Names the versions that answered. A switch of models meanwhile is no fault, but worth knowing. */
function describeVersions(versions: ReadonlySet<string>): Finding {
  const names = [...versions];
  if (names.length === 0) return { name: 'version', ms: undefined, detail: '', problem: 'no answer named its model' };
  return { name: 'version', ms: undefined, detail: names.join(', then ') };
}

function checkHealth({ status }: Reply): string {
  expect(status === 200, `status ${status}`);
  return 'alive';
}

/** Checks a reply. Never rejects, so that one bad answer does not hide the others. */
async function find(name: string, reply: Promise<Reply>, check: (reply: Reply) => string): Promise<Finding> {
  let ms: number | undefined;
  try {
    const arrived = await reply;
    ms = arrived.ms;
    return { name, ms, detail: check(arrived) };
  } catch (error) {
    return { name, ms, detail: '', problem: error instanceof Error ? error.message : String(error) };
  }
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

/** Compares the first request's time with those of the next ones. The first request must be the very first. */
async function compareTimes(ask: Client, first: Reply): Promise<Finding> {
  const times: number[] = [];
  for (let count = 0; count < warmRequests; count += 1) times.push((await ask(pathOf(best.text))).ms);
  const detail = `first ${first.ms} ms, then ${times.join(', ')} ms`;
  return { name: 'warm requests, median', ms: median(times), detail };
}

async function checkUnchanged(ask: Client, first: Reply): Promise<Finding> {
  const tag = first.headers.get('etag') ?? '';
  return find('asked again with the ETag', ask(pathOf(best.text), { headers: { 'If-None-Match': tag } }), (reply) => {
    expect(tag !== '', 'the first answer had no ETag');
    expect(reply.status === 304, `status ${reply.status}, not 304`);
    return '304, no body';
  });
}

/** Asks with more words than the model reads, as far as they fit into a request. */
async function checkLongText(ask: Client): Promise<Finding[]> {
  let words = 0;
  const found = await find('model', ask('/model'), (reply) => {
    const { version, maxTokens } = readModel(reply);
    words = Math.ceil(maxTokens * 1.5);
    return `version ${version}, reads ${maxTokens} tokens`;
  });
  const long = 'good '.repeat(Math.min(words || 768, Math.floor(longestQuery / 'good+'.length))).trim();
  return [found, await find('long text', ask(pathOf(long)), (reply) => checkLong(reply, long))];
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
const model = z.object({ version: z.string(), maxTokens: z.int().positive() });
const failure = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

/** Throws an Error with the problem unless the condition holds. */
function expect(condition: boolean, problem: string): void {
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
const readModel = (reply: Reply) => read(model, reply);

/** Like each check: returns what it saw, and throws an Error that says what is wrong. */
function checkLabel(reply: Reply, { text, label }: Sentence): string {
  const { response, label: answered } = readAnswer(reply, text);
  expect(answered === label, `${JSON.stringify(text)} is ${answered}, with ${label} ${response[label]}`);
  return `${label} ${response[label]}`;
}

function checkLong(reply: Reply, text: string): string {
  const { tokens, truncated, dropped } = readAnswer(reply, text);
  expect(truncated && dropped !== undefined, `not marked as truncated, with ${tokens} tokens read`);
  return `${tokens} tokens read, ${dropped} dropped and said so`;
}

function checkRefusal({ status, body, headers }: Reply, expected: Refusal): string {
  const code = failure.safeParse(body).data?.error.code;
  const seen = `${status} ${code ?? JSON.stringify(body)?.slice(0, 200)}`;
  expect(status === expected.status && code === expected.code, `${seen}, not ${expected.status} ${expected.code}`);
  expect(status !== 405 || headers.has('allow'), 'no Allow header');
  return seen;
}
