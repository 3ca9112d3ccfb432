// What must hold for an answer: the service's own document, and what is always true of a prediction.
import type { ListAnswer, Answer as Sentence } from '../../../functions/predict/answer-schema.ts';
import { type Asked, type Expected, findFault, type Parameters } from './asked.ts';
import { type Answer, type Contract, readMediaType } from './contract.ts';
import { allowedOrigin, key } from './headers.ts';

/** Tokens that the model reads. */
const maxTokens = 32;

/** What the answers to one sentence and to a list have. */
type Prediction = Omit<Sentence, 'response' | 'model'>;

function assert(condition: boolean, sentence: string): asserts condition {
  if (!condition) throw new Error(sentence);
}

const isClose = (one: number, other: number) => Math.abs(one - other) < 1e-5;

/** Looks the operation up. A slash at the end does not matter. */
function findOperation({ method, path }: Asked, contract: Contract) {
  const plain = path === '/' ? path : path.replace(/\/$/, '');
  return contract.get(`${method === 'HEAD' ? 'GET' : method} ${plain}`);
}

/** Whether the request has the key of the closed service. */
function hasKey({ headers }: Asked): boolean {
  const [, token] = /^bearer +(\S+)$/i.exec(headers.authorization ?? '') ?? [];
  return (headers['x-api-key'] || token) === key;
}

const readCode = ({ body }: Answer): string | undefined => (body === '' ? undefined : JSON.parse(body).error.code);

/**
 * Checks an answer.
 *
 * @throws Error that says what does not hold.
 */
export function checkAnswer(asked: Asked, answer: Answer, contract: Contract): void {
  const { status, headers, body } = answer;
  const isUnknownMethod = status === 501 && readCode(answer) === 'METHOD_UNKNOWN';
  assert((status >= 200 && status < 500) || isUnknownMethod, `The status is ${status}: ${body}`);
  const isEmpty = asked.method === 'HEAD' || status === 304 || status === 204;
  assert(!isEmpty || body === '', `The answer with status ${status} has a body.`);
  assert(isEmpty || body !== '', `The answer with status ${status} has no body.`);
  if (status >= 400) checkError(asked.method, answer);
  assert(headers.etag === undefined || /^W\/"[\w-]{22}"$/.test(headers.etag), `The ETag is ${headers.etag}.`);
  checkOrigin(asked, answer);
  const operation = findOperation(asked, contract);
  if (operation && !isEmpty) operation.check(answer);
  if (operation?.closed && !hasKey(asked))
    assert(status === 401 || readCode(answer) === 'REQUEST_MALFORMED', `Without the key the status is ${status}.`);
  else if (asked.expected) checkExpected(asked, asked.expected, answer);
}

/** Only pages of the one allowed origin may read an answer. */
function checkOrigin({ headers }: Asked, { headers: { 'access-control-allow-origin': origin } }: Answer): void {
  const isRight = origin === undefined || (origin === allowedOrigin && headers.origin === origin);
  assert(isRight, `Pages of ${origin} may read an answer to ${headers.origin}.`);
}

/** The shape and the headers of an error, also where the document has no operation. */
export function checkError(method: string, answer: Answer): void {
  const { status, headers } = answer;
  assert(readMediaType(headers) === 'application/json', `The error has the type ${headers['content-type']}.`);
  assert(headers['cache-control'] === 'no-store', `Caches may keep the error: ${headers['cache-control']}.`);
  if (status === 405) assert(/^[A-Z]+(, [A-Z]+)*$/.test(headers.allow ?? ''), `Status 405 allows ${headers.allow}.`);
  if (method === 'HEAD') return;
  const { error } = JSON.parse(answer.body);
  assert(typeof error.code === 'string' && /\S.*\.$/s.test(error.message), `The error is ${answer.body}.`);
}

/** What the request itself asks for. */
function checkExpected({ method, headers }: Asked, expected: Expected, answer: Answer): void {
  const { status, body } = answer;
  if (expected.kind === 'status')
    return void assert(expected.statuses.includes(status), `The status is ${status}: ${body.slice(0, 200)}`);
  if (expected.kind === 'error')
    return void assert(
      status >= 400 && (method === 'HEAD' || (expected.codes as readonly string[]).includes(readCode(answer) ?? '')),
      `The answer is ${status} ${body.slice(0, 200)}, not ${expected.codes.join(' or ')}.`,
    );
  if (status === 413 && expected.parameters.long === 'windows') return;
  if (status === 304) return void assert(headers['if-none-match'] !== undefined, 'Status 304 without If-None-Match.');
  assert(status === 200, `The status is ${status}: ${body.slice(0, 200)}`);
  if (method === 'HEAD') return;
  if (expected.kind === 'sentence') checkSentence(expected.sentence, expected.parameters, JSON.parse(body));
  else checkList(expected.inputs, expected.parameters, JSON.parse(body));
}

function checkSentence(sentence: string, parameters: Parameters, { response, ...prediction }: Sentence): void {
  assert(response.sentence === sentence, `The sentence comes back as ${JSON.stringify(response.sentence)}.`);
  const [positive, negative] = [Number(response.positive), Number(response.negative)];
  assert(isClose(positive + negative, 1), `positive is ${positive} and negative ${negative}.`);
  checkPrediction(sentence, parameters, prediction);
}

function checkList(inputs: readonly string[], parameters: Parameters, { results }: ListAnswer): void {
  assert(results.length === inputs.length, `${inputs.length} texts have ${results.length} results.`);
  const first = new Map<string, string>();
  for (const [index, text] of inputs.entries()) {
    const result = results[index];
    assert(result !== undefined, `The text ${index} has no result.`);
    const equal = first.get(text) ?? JSON.stringify(result);
    assert(equal === JSON.stringify(result), `Equal texts have the results ${equal} and ${JSON.stringify(result)}.`);
    first.set(text, equal);
    if ('error' in result) checkItemError(text, parameters, result.error.code);
    else checkPrediction(text, parameters, result);
  }
}

function checkItemError(text: string, { long }: Parameters, code: string): void {
  const allowed = findFault(text) ?? (long === 'windows' ? 'WINDOWS_TOO_MANY' : 'none');
  assert(code === allowed, `The text ${JSON.stringify(text.slice(0, 40))} has the error ${code}.`);
}

const countCharacters = (text: string) => [...text].length;

function checkPrediction(text: string, { long, explain }: Parameters, prediction: Prediction): void {
  const { label, score, probabilities, tokens, unknown, truncated, dropped, reliable, reason } = prediction;
  const values = Object.values(probabilities);
  assert(
    isClose(
      values.reduce((sum, value) => sum + value, 0),
      1,
    ),
    `The probabilities sum to ${values.join(' + ')}.`,
  );
  assert(score === probabilities[label] && score === Math.max(...values), `The label ${label} is not the likeliest.`);
  assert(unknown >= 0 && unknown <= tokens, `${unknown} of ${tokens} tokens are unknown.`);
  assert(tokens <= maxTokens || long === 'windows', `The model read ${tokens} tokens.`);
  assert(truncated === (dropped ?? 0) > 0, `${dropped} tokens are dropped, and truncated is ${truncated}.`);
  assert(!(truncated && long === 'windows'), 'Windows leave out a part of the text.');
  assert(reliable === (reason === undefined), `It is reliable: ${reliable}, with the reason ${reason}.`);
  assert(explain === (prediction.explanation !== undefined), `It is explained: ${!explain}.`);
  checkSpans(text, prediction.windows ?? [], 'window');
  if (prediction.explanation) checkExplanation(text, score, prediction.explanation);
}

function checkExplanation(
  text: string,
  score: number,
  { baseline, words }: NonNullable<Prediction['explanation']>,
): void {
  checkSpans(text, words, 'word');
  const sum = words.reduce((total, { weight }) => total + weight, 0);
  assert(
    words.length === 0 || isClose(sum, score - baseline),
    `The weights sum to ${sum}, not ${score} − ${baseline}.`,
  );
}

/** Windows may overlap, words may not. */
function checkSpans(
  text: string,
  spans: readonly { readonly start: number; readonly end: number }[],
  kind: string,
): void {
  const length = spans.length > 0 ? countCharacters(text) : 0;
  let last = 0;
  for (const { start, end } of spans) {
    const isInside = start < end && end <= length && start >= (kind === 'word' ? last : 0);
    assert(isInside, `A ${kind} is from ${start} to ${end}, of ${length} characters, after ${last}.`);
    last = end;
  }
}
