import createApi from 'openapi-fetch';
import { describeRefusal, describeThrown, fail, type Limits, type Outcome } from './outcome.ts';
import { realTiming, sendUntilAnswered, type Timing } from './retry.ts';
import type { components, paths } from './schema.ts';
import { type AwsAccess, createSigner, type Sign } from './signing.ts';

/** What the model says of a text. */
export type Prediction = components['schemas']['Prediction'];
/** A prediction, or the error of this one text. */
export type Result = components['schemas']['Result'];
/** The public part of a model's manifest. */
export type Model = components['schemas']['Model'];

/** Where the service is, and how to call it. */
export interface ClientOptions {
  /** Address of the service: `http://localhost:5000`, or HttpApiUrl of a deployment. */
  readonly url: string;
  /** Sent as `Authorization: Bearer`: a key of `npm run key`, or a token if the authorizer is `jwt`. */
  readonly key?: string;
  /** Signs the requests, if the authorizer is `iam`. Needs no key. */
  readonly aws?: AwsAccess;
  /** Milliseconds for a call with all its retries; 30,000 by default. */
  readonly deadlineMs?: number;
  /** Further headers of every request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Instead of the global `fetch`. */
  readonly fetch?: (request: Request) => Promise<Response>;
}

/** What may end a call early. */
export interface CallOptions {
  /** Ends the call: it resolves with the error ABORTED. */
  readonly signal?: AbortSignal;
  /** Milliseconds for this call, instead of the client's. */
  readonly deadlineMs?: number;
}

/** How texts are to be read. */
export interface PredictOptions extends CallOptions {
  /** What to do with a text that is longer than the model reads: `cut` (the default) reads its beginning, `windows` all of it. */
  readonly long?: 'cut' | 'windows';
  /** Whether to say what each word contributes to the label. */
  readonly explain?: boolean;
}

/** The service. No method ever rejects: what goes wrong is in the outcome. */
export interface Client {
  /** Classifies a text. */
  predict(text: string, options?: PredictOptions): Promise<Outcome<Prediction>>;
  /** Classifies 1 to 256 texts. The results have their order; a text that cannot be classified has an error in its place. */
  predict(texts: readonly string[], options?: PredictOptions): Promise<Outcome<readonly Result[]>>;
  /** The current model. */
  model(options?: CallOptions): Promise<Outcome<Model>>;
}

/** Milliseconds: as long as API Gateway waits for an answer. */
const defaultDeadlineMs = 30_000;

/** The longest time of a timer. */
const longestDeadlineMs = 2 ** 31 - 1;

/**
 * Creates a client. It sends a request that was refused for the moment (429, 503) again, as `Retry-After` asks.
 *
 * @param timing - clock, chance and pauses; tests give their own.
 * @throws TypeError that names every option that cannot be used.
 */
export function createClient(options: ClientOptions, timing: Timing = realTiming): Client {
  refuseMisuse(options);
  const { url, key, aws, headers, fetch = globalThis.fetch, deadlineMs: usual = defaultDeadlineMs } = options;
  const authorization = key === undefined ? {} : { Authorization: `Bearer ${key}` };
  const api = createApi<paths>({ baseUrl: url, headers: { ...authorization, ...headers } });
  const sign: Sign = aws ? createSigner(aws) : async (request) => request;

  const call = async <T>(
    ask: (send: (request: Request) => Promise<Response>, signal: AbortSignal) => Promise<Reply<T>>,
    { signal: own, deadlineMs = usual }: CallOptions,
  ): Promise<Received<T>> => {
    const limits = { signal: own, deadline: AbortSignal.timeout(deadlineMs) };
    const signal = AbortSignal.any([limits.deadline, ...(own ? [own] : [])]);
    const deadline = timing.now() + deadlineMs;
    const send = (request: Request) => {
      const sendOnce = async () => fetch(new Request(await sign(request.clone()), { signal }));
      return sendUntilAnswered({ send: sendOnce, deadline, signal, timing });
    };
    return receive(() => ask(send, signal), limits);
  };

  async function predict(given: string | readonly string[], { long, explain, ...rest }: PredictOptions = {}) {
    const parameters = { ...(long && { long }), ...(explain !== undefined && { explain }) };
    const body = { inputs: typeof given === 'string' ? given : [...given], parameters };
    const received = await call((fetch, signal) => api.POST('/predict', { body, fetch, signal }), rest);
    if (!received.ok) return received;
    const { data, response } = received;
    if (!('results' in data)) return fail(describeRefusal(data, response));
    if (typeof given !== 'string') return { ok: true, value: data.results, model: data.model };
    return readOnly(data, response);
  }

  return {
    predict: predict as Client['predict'],
    model: async (options = {}) => {
      const received = await call((fetch, signal) => api.GET('/model', { fetch, signal }), options);
      return received.ok ? { ok: true, value: received.data, model: received.data.version } : received;
    },
  };
}

function refuseMisuse({ url, key, aws, deadlineMs = defaultDeadlineMs }: ClientOptions): void {
  const isAddress = URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);
  const problems = [
    ...(isAddress ? [] : [`url is ${JSON.stringify(url)}: give an address such as http://localhost:5000.`]),
    ...(key !== undefined && aws ? ['key and aws are both given: the service asks for one of them.'] : []),
    ...(deadlineMs > 0 && deadlineMs <= longestDeadlineMs
      ? []
      : [`deadlineMs is ${deadlineMs}: give milliseconds from 1 to ${longestDeadlineMs}.`]),
  ];
  if (problems.length > 0) throw new TypeError(`createClient: ${problems.join(' ')}`);
}

/** What openapi-fetch returns. */
interface Reply<T> {
  readonly data?: T;
  readonly error?: unknown;
  readonly response: Response;
}

type Received<T> =
  | { readonly ok: true; readonly data: T; readonly response: Response }
  | Extract<Outcome<never>, { readonly ok: false }>;

/** Turns a refusal, an unreadable answer and whatever is thrown into a failure. */
async function receive<T>(ask: () => Promise<Reply<T>>, limits: Limits): Promise<Received<T>> {
  try {
    const { data, error, response } = await ask();
    if (typeof data === 'object' && data !== null) return { ok: true, data, response };
    return fail(describeRefusal(error, response));
  } catch (cause) {
    return fail(describeThrown(cause, limits));
  }
}

/** The only result of a text by itself: its error is the error of the call. */
function readOnly({ results, model }: components['schemas']['Predictions'], { status }: Response): Outcome<Prediction> {
  const [result] = results;
  if (result && !('error' in result)) return { ok: true, value: result, model };
  return fail({ ...(result?.error ?? { code: 'ANSWER_UNKNOWN', message: 'The list of results is empty.' }), status });
}
