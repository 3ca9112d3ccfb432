// The price file of `npm run cost`, and what Lambda asks for a run.
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { UsageError } from './command-line.ts';

const dollars = z.number().nonnegative();
const byArchitecture = z.object({ x86_64: dollars, arm64: dollars });
const service = <T extends z.ZodRawShape>(shape: T) => z.object({ source: z.url(), ...shape });

/** infra/prices.json: US dollars for one unit, each service with the page that they are from. */
const priceFile = z.object({
  asOf: z.string().regex(/^\d{4}-\d{2}$/, 'a month such as 2026-11'),
  region: z.string(),
  apiGateway: service({ request: dollars }),
  lambda: service({
    request: dollars,
    gigabyteSecond: byArchitecture,
    provisionedGigabyteSecond: byArchitecture,
  }),
  s3: service({ gigabyteMonth: dollars, write: dollars, read: dollars }),
  cloudWatch: service({ logGigabyte: dollars, metric: dollars, alarmMetric: dollars, dashboard: dollars }),
  sqs: service({ request: dollars }),
  firehose: service({ gigabyte: dollars, recordKilobytes: z.number().positive() }),
  stepFunctions: service({ transition: dollars }),
  sns: service({ publish: dollars }),
  ec2: service({ hour: z.record(z.string(), dollars), diskGigabyteMonth: dollars }),
  elasticLoadBalancing: service({ hour: dollars }),
  ecr: service({ gigabyteMonth: dollars }),
});

export type Prices = z.infer<typeof priceFile>;

/**
 * Reads a price file.
 *
 * @throws UsageError that names the file and every field that is missing or wrong.
 */
export function readPrices(path: string): Prices {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new UsageError(`The price file ${path} cannot be read: it must be JSON like infra/prices.json.`, { cause });
  }
  const { data, error } = priceFile.safeParse(content);
  if (data) return data;
  const fields = error.issues.map(({ path: field }) => field.join('.') || 'its root');
  throw new UsageError(`The price file ${path} is not like infra/prices.json in ${fields.join(', ')}.`);
}

/** What a run is billed for. */
export interface BilledRun {
  readonly milliseconds: number;
  readonly memoryMb: number;
  readonly architecture?: 'x86_64' | 'arm64';
}

/** Dollars of one run of a Lambda function, without its request. Lambda bills whole milliseconds. */
export function priceRun({ lambda }: Pick<Prices, 'lambda'>, run: BilledRun): number {
  const { milliseconds, memoryMb, architecture = 'x86_64' } = run;
  return (Math.ceil(milliseconds) / 1000) * (memoryMb / 1024) * lambda.gigabyteSecond[architecture];
}
