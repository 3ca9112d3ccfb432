import { readConfiguration } from '../../../functions/promote/configuration.ts';

it('uses the documented limits by default', () => {
  expect(readConfiguration({ MODEL_URI: 's3://models/prod' })).toMatchObject({
    limits: { accuracyTolerance: 0.002, latencyRatio: 1.25, sizeRatio: 1.25 },
    topicArn: undefined,
    logLevel: 'info',
  });
});

it('reads limits from the environment and derives threads from the memory', () => {
  const environment = {
    MODEL_URI: 's3://models/prod',
    ACCURACY_TOLERANCE: '0',
    LATENCY_RATIO: '2',
    SIZE_RATIO: '1.5',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '3538',
  };
  expect(readConfiguration(environment)).toMatchObject({
    limits: { accuracyTolerance: 0, latencyRatio: 2, sizeRatio: 1.5 },
    threads: 2,
  });
});

it('lists every problem at once', () => {
  const wrong = { MODEL_URI: 'models', ACCURACY_TOLERANCE: '-1', SIZE_RATIO: 'big', LOG_LEVEL: 'loud' };
  for (const name of Object.keys(wrong)) expect(() => readConfiguration(wrong)).toThrow(name);
});

it('reads the plan of a canary, which is off by default', () => {
  const environment = { MODEL_URI: 's3://models/prod', CANARY_SHARE: '10', CANARY_MINUTES: '60', CANARY_ALARMS: 'a,b' };
  expect(readConfiguration(environment)).toMatchObject({
    canary: { share: 10, minutes: 60 },
    canaryAlarms: ['a', 'b'],
  });
  expect(readConfiguration({ MODEL_URI: 's3://models/prod' })).toMatchObject({ canary: undefined, canaryAlarms: [] });
});

it.each(['0', '100', '101', 'half'])('refuses a canary with a share of %s', (share) => {
  expect(() => readConfiguration({ MODEL_URI: 's3://models/prod', CANARY_SHARE: share, CANARY_MINUTES: '1' })).toThrow(
    `CANARY_SHARE is "${share}", which is no whole number from 1 to 99.\n- CANARY_MINUTES is "1"`,
  );
});
