// `npm run smoke -- URL`: whether a running service, deployed or local, does what it promises.
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { createCommand, runCommand, UsageError } from './command-line.ts';
import { type Client, type Finding, runChecks } from './smoke-checks.ts';

/** The options of `npm run smoke`. */
export interface SmokeOptions {
  /** URL of the service, without a slash at its end. */
  readonly url: string;
  /** Region to sign the requests for, if the stage's authorizer is `iam`. */
  readonly region?: string;
  /** Further headers of every request, by name. */
  readonly headers: Readonly<Record<string, string>>;
}

const description =
  'Asks a running service a few questions and checks the answers: sentences, a long text, a list, bad input, ' +
  "the model's version and the first request's time against the next ones'.";

const notes = `
Exit code: 0 if everything is as it should be, 1 if not, 2 for a command line that cannot be used.
`;

/** Reads the command line. Throws UsageError for flags and values that it does not take. */
export function readSmokeOptions(args: readonly string[]): SmokeOptions {
  const command = createCommand('npm run smoke --', description)
    .argument('<url>', 'http://localhost:5000, or HttpApiUrl of `npx serverless info --verbose`')
    .option('--region <region>', 'sign the requests with the AWS credentials of this shell (authorizer iam)')
    .option(
      '--header <text>',
      "send this header, such as 'Authorization: Bearer …' (authorizer jwt); may be repeated",
      collectHeader,
    )
    .addHelpText('after', notes)
    .parse(args, { from: 'user' });
  const [url = ''] = command.args;
  const { region, header = {} } = command.opts<{ region?: string; header?: SmokeOptions['headers'] }>();
  return { url: readUrl(url), headers: header, ...(region === undefined ? {} : { region }) };
}

function readUrl(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text.replace(/\/+$/, '');
  throw new UsageError(`${JSON.stringify(text)} is no address such as http://localhost:5000.`);
}

/** Adds a header to those of the earlier flags. */
function collectHeader(text: string, others: SmokeOptions['headers'] = {}): SmokeOptions['headers'] {
  const [, name, value] = /^([!#$%&'*+.^_`|~\w-]+):\s*(\S.*)$/.exec(text) ?? [];
  if (name && value) return { ...others, [name]: value };
  throw new UsageError(`--header takes 'NAME: VALUE', not ${JSON.stringify(text)}.`);
}

/** Returns the exit code. */
async function smoke(args: readonly string[]): Promise<number> {
  const { url, region, headers } = readSmokeOptions(args);
  const sign = region === undefined ? undefined : createSigner(region);
  const findings = await runChecks(createClient({ url, headers, sign }));
  process.stdout.write(describeFindings(url, findings));
  return findings.every(({ problem }) => problem === undefined) ? 0 : 1;
}

/** Returns the findings as a table, with a sentence at its end. */
function describeFindings(url: string, findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ name }) => name.length));
  const rows = findings.map(({ name, ms, detail, problem }) => {
    const time = ms === undefined ? '' : `${ms} ms`;
    return `${(problem ? 'FAIL' : 'ok').padEnd(6)}${name.padEnd(width)}  ${time.padStart(9)}  ${problem ?? detail}`;
  });
  const failed = findings.filter(({ problem }) => problem).length;
  const verdict = failed === 0 ? `${url} does what it promises.` : `${url}: ${failed} of ${findings.length} failed.`;
  return `${[...rows, '', verdict].join('\n')}\n`;
}

/** Milliseconds until a request is given up: longer than API Gateway waits for an answer. */
const timeoutMs = 35_000;

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

function describeFailure(url: string, error: unknown): Error {
  if (error instanceof Error && error.name === 'TimeoutError')
    return new Error(`${url} did not answer within ${timeoutMs / 1000} s.`, { cause: error });
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const reason = cause instanceof Error ? cause.message || ('code' in cause ? cause.code : cause.name) : cause;
  return new Error(`${url} cannot be reached: ${reason}. Is the address right, and the service up?`, { cause: error });
}

/** Creates a client of the service at `url`. */
function createClient({ url, headers, sign }: ClientOptions): Client {
  return async (path, { method = 'GET', headers: own = {}, body: asked } = {}) => {
    const address = new URL(url + path);
    const sent = asked === undefined ? undefined : JSON.stringify(asked);
    const type = sent === undefined ? {} : { 'Content-Type': 'application/json' };
    const signature = sign ? await sign(method, address, sent) : {};
    const started = performance.now();
    try {
      const signal = AbortSignal.timeout(timeoutMs);
      const all = { ...headers, ...type, ...own, ...signature };
      const response = await fetch(address, { method, headers: all, body: sent ?? null, signal });
      const body = parse(await response.text());
      return { status: response.status, headers: response.headers, body, ms: Math.round(performance.now() - started) };
    } catch (error) {
      throw describeFailure(url, error);
    }
  };
}

/** Returns the headers that sign a request. */
type Sign = (method: string, url: URL, body?: string) => Promise<Readonly<Record<string, string>>>;

/**
 * Signs for API Gateway with the credentials that the AWS tools would use. The signer is that of the SDK's CloudFormation
 * client, which treats paths in no special way.
 */
export function createSigner(region: string): Sign {
  const { config } = new CloudFormationClient({ region });
  const signing = config.signer({ name: 'sigv4', signingName: 'execute-api', signingRegion: region, properties: {} });
  return async (method, url, body) => {
    const query = Object.fromEntries([...url.searchParams.keys()].map((key) => [key, url.searchParams.getAll(key)]));
    const { protocol, hostname, pathname: path } = url;
    const headers = { host: url.host };
    const signed = await (await signing).sign({ method, protocol, hostname, path, query, headers, body });
    const { host: _, ...rest } = signed.headers;
    return rest;
  };
}

await runCommand(import.meta.url, smoke);
