import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createObserver } from '../../functions/predict/observability.ts';
import type { Measure } from '../../layers/telemetry/index.ts';
import { estimateCost, formatEstimate, readCostOptions } from '../../local/cost.ts';
import { priceRun, readPrices } from '../../local/prices.ts';
import { createTextTime, type MeasuredTable } from '../../local/text-time.ts';

const prices = readPrices('infra/prices.json');
const estimate = (...args: string[]) => estimateCost(readCostOptions(args));
const chargesOf = (...args: string[]) => estimate(...args).charges;
const sum = (charges: Readonly<Record<string, number>>) => Object.values(charges).reduce((a, b) => a + b, 0);

const table = (rows: MeasuredTable['rows']): MeasuredTable => ({ date: '', machine: { processor: '' }, rows });

/** Two settings and two lengths, and a curve that doubles from 100 to 200 tokens. */
const planted = createTextTime(
  table([
    { name: 'BERT-base, 20 tokens', at: '1000 MB (0.57 processors)', p50: 20 },
    { name: 'BERT-base, 100 tokens', at: '1000 MB (0.57 processors)', p50: 100 },
    { name: 'BERT-base, 20 tokens', at: '2000 MB (1.13 processors)', p50: 10 },
    { name: 'BERT-base, 100 tokens', at: '2000 MB (1.13 processors)', p50: 50 },
    { name: 'sample model, 20 tokens', at: '2000 MB (1.13 processors)', p50: 1 },
  ]),
  table([
    { name: 'this project', at: '100 tokens', p50: 7 },
    { name: 'this project', at: '200 tokens', p50: 14 },
    { name: 'other', at: '200 tokens', p50: 99 },
  ]),
);

describe('the time of a text', () => {
  it('is the measured one at a measured point', () => {
    expect(planted(20, 1000)).toBe(20);
    expect(planted(100, 2000)).toBe(50);
  });

  it('lies on straight lines between measured points', () => {
    expect(planted(60, 1000)).toBe(60);
    expect(planted(60, 1500)).toBe(45);
    expect(planted(10, 1000)).toBe(10);
  });

  it('grows beyond the longest text of the memory table as the table of lengths does', () => {
    expect(planted(200, 2000)).toBeCloseTo(100, 10);
    expect(planted(150, 1000)).toBeCloseTo(150, 10);
  });
});

describe('the cost of a month', () => {
  it('is the sum that the price pages give for a million HTTP requests a day', () => {
    const { charges, usage } = estimate('--requests-per-day', '1000000');
    const requests = (1e6 * 365) / 12;
    expect(charges['API Gateway']).toBeCloseTo(requests * 0.000001, 8);
    const seconds = Math.ceil(usage.textMs) / 1000;
    expect(charges.Lambda).toBeCloseTo(requests * (seconds * (1769 / 1024) * 0.0000166667 + 0.0000002), 6);
    expect(charges.CloudWatch).toBeCloseTo(20 * 0.3 + 11 * 0.1 + 3, 8);
  });

  it('of nothing is what bills without traffic', () => {
    const charges = chargesOf('--requests-per-day', '0');
    expect(charges).toMatchObject({ 'API Gateway': 0, Lambda: 0, Logs: 0, Firehose: 0, 'Step Functions': 0, SNS: 0 });
    expect(sum(charges)).toBeLessThan(5);
  });

  it('of a stream has a record of 5 KB for each row, and three requests to the queue for ten rows', () => {
    const charges = chargesOf('--requests-per-day', '0', '--stream-rows', '10000000');
    const rows = (1e7 * 365) / 12;
    expect(charges.Firehose).toBeCloseTo((rows * 5 * 0.029) / 1024 ** 2, 8);
    expect(charges.SQS).toBeCloseTo(rows * 0.3 * 0.0000004, 8);
  });

  it('of a quiet stream is what Lambda asks the queue for', () => {
    const { SQS } = chargesOf('--requests-per-day', '0', '--stream-rows', '1');
    expect(SQS).toBeCloseTo(((365 / 12) * 24 * 60 * 15 + 3) * 0.0000004, 5);
  });

  it('grows with rows in files, trainings, tokens and hours', () => {
    const none = chargesOf();
    expect(chargesOf('--bulk-rows', '100000')['Step Functions']).toBeCloseTo(((200 * 365) / 12) * 2 * 0.000025, 8);
    expect(chargesOf('--trainings', '4', '--training-hours', '2')['EC2 (training)']).toBeGreaterThan(8 * 0.8048);
    expect(chargesOf('--trainings', '1').ECR).toBeGreaterThan(none.ECR ?? Number.NaN);
    expect(chargesOf('--tokens', '512').Lambda).toBeGreaterThan(4 * (none.Lambda ?? Number.NaN));
  });

  it('of prod has the metrics of drift too', () => {
    const { CloudWatch } = chargesOf('--stage', 'prod', '--requests-per-day', '1');
    expect(CloudWatch).toBeCloseTo((20 + 12 + 4 / 24) * 0.3 + 16 * 0.1 + 3, 8);
  });

  it('prints every service and their sum', () => {
    const text = formatEstimate(estimate('--requests-per-day', '0'));
    expect(text).toMatch(/^API Gateway +0\.00$/m);
    expect(text).toMatch(/^together +4\.\d\d$/m);
    expect(text).toContain('list prices of 2026-11');
  });
});

describe('the prices', () => {
  it.each([
    ['x64', 'x86_64'],
    ['arm64', 'arm64'],
  ] as const)('are those that the function estimates its cost by, on %s', (architecture, name) => {
    const recorded: Measure[] = [];
    const observe = createObserver(
      { record: (measures) => void recorded.push(...measures) },
      { memoryMb: 1769, architecture, initType: 'on-demand' },
    );
    observe({}, 49.3);
    const run = priceRun(prices, { milliseconds: 49.3, memoryMb: 1769, architecture: name });
    const estimated = recorded.find((measure) => measure.name === 'CostPerThousand')?.value;
    expect(estimated).toBeCloseTo(1000 * (run + prices.lambda.request), 12);
  });

  it('name the page that they are from', () => {
    const { asOf, region, ...services } = prices;
    for (const { source } of Object.values(services))
      expect(source).toMatch(/^https:\/\/aws\.amazon\.com\/.+\/pricing\//);
  });

  it('of another file take the place of ours, and a wrong file is refused with its fields', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'prices-')), 'prices.json');
    writeFileSync(file, JSON.stringify({ ...prices, apiGateway: { ...prices.apiGateway, request: 1 } }));
    expect(chargesOf('--requests-per-day', '12', '--prices', file)['API Gateway']).toBe(365);
    writeFileSync(file, JSON.stringify({ ...prices, sqs: { source: 'https://example.com' }, ecr: undefined }));
    expect(() => estimate('--prices', file)).toThrow(
      `The price file ${file} is not like infra/prices.json in sqs.request, ecr.`,
    );
    expect(() => estimate('--prices', `${file}.gone`)).toThrow(/^The price file .*\.gone cannot be read/);
  });
});

describe('the command line', () => {
  it.each([
    [['--stage', 'test'], 'infra/parameters.yml has no stage test; it has dev and prod.'],
    [['--stage', 'default'], 'infra/parameters.yml has no stage default; it has dev and prod.'],
    [['--memory', '5000'], 'Times were measured with 512 to 3538 MB, not with 5000: choose --memory among these.'],
    [['--tokens', '513'], '--tokens takes a whole number from 2 to 512, not "513".'],
    [['--bulk-rows', '-1'], '--bulk-rows takes a whole number from 0 to 1000000000, not "-1".'],
    [['prod'], 'Too many arguments. Expected 0 arguments but got 1. --help lists what there is.'],
  ])('refuses %p in one sentence', (args, sentence) => {
    expect(() => estimate(...args)).toThrow(sentence);
  });
});

test('docs/api-image.md has the prices of GPU instances', () => {
  const page = readFileSync('docs/api-image.md', 'utf8');
  const rows = [...page.matchAll(/^\| `(\w+\.xlarge)` \| [^|]+ \| ([\d.]+) \| (\d+) \| (\d+) \|$/gm)];
  const shown = rows.map(([, type = '', ...figures]) => [type, ...figures]);
  const hours = Object.entries(prices.ec2.hour);
  expect(shown).toEqual(
    hours.map(([type, hour]) => [type, hour.toFixed(3), (hour * 730).toFixed(0), (hour * 220).toFixed(0)]),
  );
  expect(page).toContain(`A load balancer adds ${(prices.elasticLoadBalancing.hour * 730).toFixed(0)} a month`);
});

test('the table of docs/cost.md has the figures of the command', () => {
  const page = readFileSync('docs/cost.md', 'utf8');
  const [, section = ''] = page.split('\n## Examples\n');
  const rows = (section.split('\n## ')[0] ?? '').split('\n').filter((line) => line.startsWith('| '));
  const [heading, , ...examples] = rows;
  const services = Object.keys(chargesOf());
  expect(heading).toBe(`| \`npm run cost --\` | ${services.join(' | ')} | together |`);
  expect(examples.length).toBeGreaterThan(4);
  for (const example of examples) {
    const flags = example.match(/`([^`]+)`/)?.[1] ?? '';
    const charges = chargesOf(...flags.split(' '));
    const figures = [...Object.values(charges), sum(charges)].map((dollars) => dollars.toFixed(2));
    expect(example).toBe(`| \`${flags}\` | ${figures.join(' | ')} |`);
  }
});
