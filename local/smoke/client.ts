import type { Sign } from './signing.ts';

/** More than API Gateway waits for an answer, in milliseconds. */
const patienceMs = 35_000;

/** What came back. */
export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  /** Of JSON, if that is what came. */
  readonly body: unknown;
  /** From asking to the last byte, in whole milliseconds. */
  readonly ms: number;
}

interface Request {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Asks for a path with its query; the promise rejects only if no answer came. */
export type Client = (path: string, request?: Request) => Promise<Reply>;

interface ClientOptions {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly sign?: Sign | undefined;
}

function parse(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch {
    return text;
  }
}

function describeSilence(url: string, error: unknown): Error {
  if (error instanceof Error && error.name === 'TimeoutError')
    return new Error(`${url} did not answer within ${patienceMs / 1000} s.`, { cause: error });
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const reason = cause instanceof Error ? cause.message || ('code' in cause ? cause.code : cause.name) : cause;
  return new Error(`${url} cannot be reached: ${reason}. Is the address right, and the service up?`, { cause: error });
}

/** Creates a client of the service at `url`. */
export function createClient({ url, headers, sign }: ClientOptions): Client {
  return async (path, { method = 'GET', headers: own = {} } = {}) => {
    const address = new URL(url + path);
    const signature = sign ? await sign(method, address) : {};
    const started = performance.now();
    try {
      const signal = AbortSignal.timeout(patienceMs);
      const response = await fetch(address, { method, headers: { ...headers, ...own, ...signature }, signal });
      const body = parse(await response.text());
      return { status: response.status, headers: response.headers, body, ms: Math.round(performance.now() - started) };
    } catch (error) {
      throw describeSilence(url, error);
    }
  };
}
