import { readArguments, UsageError } from '../command-line.ts';

/** What `npm run smoke` can be told. */
export interface SmokeOptions {
  /** Of the service, without a slash at its end. */
  readonly url: string;
  /** Sign requests for this region, for a stage whose authorizer is `iam`. */
  readonly region: string | undefined;
  /** More headers of every request, by name. */
  readonly headers: Readonly<Record<string, string>>;
  readonly help: boolean;
}

export const usage = `Asks a running service a few questions and checks the answers: sentences, a long text, bad input, the model's version,
the first request's time against the next ones'.

Usage: npm run smoke -- URL [--region REGION] [--header 'NAME: VALUE']

  URL              of the service: http://localhost:5000, or HttpApiUrl of \`npx serverless info --verbose\`
  --region REGION  sign the requests with the AWS credentials of this shell (authorizer iam)
  --header TEXT    send this header, such as 'Authorization: Bearer …' (authorizer jwt); may be repeated
  --help           this text

Exit code: 0 if everything is as it should be, 1 if not, 2 for a command line that cannot be used.
`;

function readUrl(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text.replace(/\/+$/, '');
  throw new UsageError(
    text === ''
      ? 'Say which service: npm run smoke -- http://localhost:5000. --help lists what there is.'
      : `${JSON.stringify(text)} is no address such as http://localhost:5000.`,
  );
}

function readHeader(text: string): [string, string] {
  const [, name, value] = /^([!#$%&'*+.^_`|~\w-]+):\s*(\S.*)$/.exec(text) ?? [];
  if (name && value) return [name, value];
  throw new UsageError(`--header takes 'NAME: VALUE', not ${JSON.stringify(text)}.`);
}

/** Reads the command line. Throws `UsageError` for what there is not. */
export function readSmokeOptions(args: readonly string[]): SmokeOptions {
  const { values, positionals } = readArguments({
    args: [...args],
    allowPositionals: true,
    options: {
      region: { type: 'string' },
      header: { type: 'string', multiple: true, default: [] },
      help: { type: 'boolean', default: false },
    },
  });
  const [url = '', ...more] = positionals;
  if (more.length > 0) throw new UsageError(`One address at a time, not ${positionals.join(' and ')}.`);
  return {
    url: values.help ? '' : readUrl(url),
    region: values.region,
    headers: Object.fromEntries(values.header.map(readHeader)),
    help: values.help,
  };
}
