// The questions of `npm run smoke`, and the checks of their answers.
import {
  checkLabel,
  checkList,
  checkLong,
  checkRefusal,
  expect,
  type Refusal,
  type Reply,
  readModel,
  type Sentence,
} from './smoke-answers.ts';

/** A request's method and headers, and its body, which is sent as JSON. */
export interface Request {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
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

/** The tutorial's sentence and its opposite. */
const best: Sentence = { text: 'this is the best book ever', label: 'positive' };
const worst: Sentence = { text: 'this is the worst book ever', label: 'negative' };

/** API Gateway accepts 10,240 bytes of request line and headers. */
const longestQuery = 9_000;
const warmRequests = 5;

/** The texts of a list, and what must answer them. */
const listed = [best, { text: ' ', code: 'SENTENCE_BLANK' }, worst] as const;
const listRequest: Request = { method: 'POST', body: { inputs: listed.map(({ text }) => text) } };

const pathOf = (sentence: string) => `/predict?${new URLSearchParams({ sentence })}`;

/** A bad request, and the error that must answer it. */
interface BadRequest extends Refusal {
  readonly name: string;
  readonly path: string;
  readonly method?: string;
}

const badRequests: readonly BadRequest[] = [
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
    await find('list with a blank text', noting('/predict', listRequest), (reply) => checkList(reply, listed)),
  ];
  for (const { name, path, method = 'GET', ...refusal } of badRequests)
    findings.push(await find(name, noting(path, { method }), (reply) => checkRefusal(reply, refusal)));
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
