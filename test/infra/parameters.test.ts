import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { parse } from 'yaml';
import { schedule } from '../../infra/checks.mjs';
import { parameters } from '../../infra/parameters.mjs';
import { readParameters } from '../../infra/settings.js';

type Texts = Record<string, string | number>;

const root = join(import.meta.dirname, '..', '..');
const written = parse(readFileSync(join(root, 'infra', 'parameters.yml'), 'utf8')) as Record<string, Texts>;
const defaults = { ...written.default, ...written.dev } as Texts;
const problemsOf = (changed: Texts) => readParameters({ ...defaults, ...changed }, defaults).problems;

describe('the parameters', () => {
  it.each(['dev', 'prod'])('have a default that is accepted in stage %s', (stage) => {
    expect(readParameters({ ...written.default, ...written[stage] }, defaults).problems).toEqual([]);
  });

  it('are the same in infra/parameters.yml and infra/parameters.mjs', () => {
    const named = new Set(Object.values(written).flatMap((section) => Object.keys(section)));
    expect([...named].sort()).toEqual(Object.keys(parameters).sort());
  });

  it('close prod to the public and limit its size', () => {
    expect(written.prod).toMatchObject({ authorizer: 'iam', reservedConcurrency: expect.any(Number) });
  });

  it('start nothing that is billed by the hour, in any stage', () => {
    const all = Object.values(written);
    expect(all.map(({ provisionedConcurrency }) => provisionedConcurrency).filter(Boolean)).toEqual(['off']);
    expect(written.default).toMatchObject({ trainingSchedule: 'off' });
    expect(written.dev).not.toHaveProperty('trainingSchedule');
  });

  it('train in prod, with an image that the deployment builds', () => {
    expect(written.default).toMatchObject({ trainingImage: 'off' });
    expect(written.dev).not.toHaveProperty('trainingImage');
    expect(written.prod).toMatchObject({ trainingImage: 'build' });
  });

  it('turn texts into numbers, lists and null', () => {
    const { values } = readParameters(
      { ...defaults, memory: '2048', cors: 'https://a.example, https://b.example' },
      {},
    );
    expect(values).toMatchObject({
      memory: 2048,
      cors: ['https://a.example', 'https://b.example'],
      reservedConcurrency: null,
      trainingInstances: ['g6.xlarge', 'g5.xlarge'],
    });
  });
});

describe('a text that is not accepted', () => {
  it.each<[string, Texts, string]>([
    ['a number that is none', { memory: 'lots' }, 'memory must be a whole number from 512 to 10240, but it is "lots".'],
    ['a number out of range', { timeout: 30 }, 'timeout must be a whole number from 5 to 29, but it is "30".'],
    ['an unknown word', { authorizer: 'basic' }, 'authorizer must be one of none, iam, jwt, key, but it is "basic".'],
    ['no value at all', { prefix: '' }, 'prefix has no value, neither by --param nor in infra/parameters.yml.'],
    ['a days count that CloudWatch has not', { logRetention: 10 }, 'but it is "10".'],
    ['a tag for a digest', { image: 'repository:v1' }, 'image must be build, or an image by its digest'],
    ['an image that is not in ECR', { trainingImage: `nvidia@sha256:${'a'.repeat(64)}` }, 'an ECR image by its digest'],
    [
      'an address without @',
      { alarmEmail: 'nobody' },
      'alarmEmail must be off, or an e-mail address, but it is "nobody".',
    ],
    ['a prefix with a slash at its end', { prefix: 'models/' }, 'prefix must be names of letters'],
    ['a version that is none', { modelVersion: 'v1' }, 'modelVersion must be current, or a version such as'],
    [
      'tokens without their issuer',
      { authorizer: 'jwt' },
      'which needs two more parameters: jwtIssuer and jwtAudience.',
    ],
    [
      'more warm environments than there may be',
      { reservedConcurrency: 2, provisionedConcurrency: 3 },
      'provisionedConcurrency is 3, but reservedConcurrency allows only 2 environments.',
    ],
    [
      'feedback from everybody',
      { feedback: 'ids' },
      'feedback is ids, but authorizer is none: anybody could write what training may learn from.',
    ],
    [
      'a base for an image that is not built',
      { trainingImageBase: `nvidia/cuda@sha256:${'a'.repeat(64)}` },
      'trainingImageBase is given, but trainingImage is off: nothing is built on it.',
    ],
    [
      'training by drift where there is no training',
      { drift: 'on', retrainOnDrift: 'on' },
      'retrainOnDrift is on, which needs drift: on, and training by the parameter trainingImage.',
    ],
    ...['0', '100', '101'].map((share): [string, Texts, string] => [
      `a canary with ${share} percent`,
      { canaryShare: share },
      `canaryShare must be off, or a whole number from 1 to 99, but it is "${share}".`,
    ]),
    [
      'snapshots with provisioned concurrency',
      { snapStart: 'on', provisionedConcurrency: 2 },
      'snapStart is on, which Lambda does not combine with provisionedConcurrency: leave one of them off.',
    ],
    [
      'snapshots with a large disk',
      { snapStart: 'on', scratch: 1024 },
      'snapStart is on, with which /tmp has 512 MB at most, but scratch is 1024.',
    ],
    [
      'a start of warm environments without a stop',
      { provisionedConcurrency: 2, provisionedStart: 'cron(0 7 ? * MON-FRI *)' },
      'provisionedStart and provisionedStop need each other, and a number as provisionedConcurrency.',
    ],
    [
      'a schedule of no warm environments',
      { provisionedStart: 'cron(0 7 ? * MON-FRI *)', provisionedStop: 'cron(0 19 ? * MON-FRI *)' },
      'provisionedStart and provisionedStop need each other, and a number as provisionedConcurrency.',
    ],
    ['a start at a rate', { provisionedStart: 'rate(1 day)' }, 'provisionedStart must be off, or cron(minute hour'],
    ['a canary of a moment', { canaryMinutes: 1 }, 'canaryMinutes must be a whole number from 5 to 10080'],
    ['subnets that are none', { trainingSubnets: 'subnet-xyz' }, 'trainingSubnets must be default, or subnet ids'],
  ])('is answered by one sentence: %s', (_what, changed, sentence) => {
    const problems = problemsOf(changed);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(sentence);
  });

  it('is reported together with all other problems', () => {
    expect(problemsOf({ memory: 1, cors: 'example.com', sizeRatio: 'big' })).toHaveLength(3);
  });

  it('never opens the service', () => {
    expect(readParameters({ ...defaults, authorizer: 'nobody' }, defaults).values).toMatchObject({ authorizer: 'iam' });
  });
});

describe('a schedule', () => {
  it.each([
    'cron(0 3 ? * SUN *)',
    'cron(0 3 * * ? *)',
    'cron(15,45 0-6/2 ? JAN-MAR MON-FRI 2026-2030)',
    'cron(0 10 L * ? *)',
    'cron(0 10 15W * ? *)',
    'cron(0 10 ? * 6L *)',
    'cron(0 10 ? * MON#2 *)',
    'rate(7 days)',
    'rate(1 hour)',
  ])('is accepted: %s', (text) => {
    expect(schedule(text)).toBe(text);
  });

  it.each([
    ['five fields, as in a crontab', 'cron(0 3 * * 0)'],
    ['a crontab without cron()', '0 3 * * 0'],
    ['a day and a weekday', 'cron(0 3 1 * SUN *)'],
    ['neither of them open', 'cron(0 3 * * * *)'],
    ['minute 60', 'cron(60 3 ? * SUN *)'],
    ['hour 24', 'cron(0 24 ? * SUN *)'],
    ['weekday 0', 'cron(0 3 ? * 0 *)'],
    ['a month that is none', 'cron(0 3 ? SOL SUN *)'],
    ['a step of nothing', 'cron(0/0 3 ? * SUN *)'],
    ['a rate of nothing', 'rate(0 days)'],
    ['a rate in weeks', 'rate(1 weeks)'],
  ])('is refused: %s', (_what, text) => {
    expect(() => schedule(text)).toThrow('as in cron(0 3 ? * SUN *), or rate(7 days)');
  });

  it('is accepted for every valid minute and hour, and for no other', () => {
    fc.assert(
      fc.property(fc.integer({ min: -10, max: 100 }), fc.integer({ min: -10, max: 40 }), (minute, hour) => {
        const isTime = minute >= 0 && minute < 60 && hour >= 0 && hour < 24;
        const read = () => schedule(`cron(${minute} ${hour} ? * SUN *)`);
        if (isTime) expect(read()).toBeDefined();
        else expect(read).toThrow('cron(');
      }),
    );
  });
});
