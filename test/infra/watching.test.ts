import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { trainingImage } from './serverless.mjs';
import {
  at,
  everything,
  type JsonObject,
  listOf,
  namesOfType,
  propertiesOf,
  synthesize,
  type Template,
  textOf,
} from './template.ts';

const template = synthesize('prod', everything);
const operations = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'operations.md'), 'utf8');

/** The metric of an alarm, or its expression over metrics. */
const subjectOf = (from: Template, name: string) => {
  const { MetricName, Metrics } = propertiesOf(from, name);
  const returned = listOf(Metrics).find((metric) => at(metric, 'ReturnData') === true);
  return MetricName ?? at(returned, 'Expression');
};

describe('the alarms', () => {
  it('watch errors, latency, throttling, promotion, stream, bulk files and, in prod, age of the model, drift and canaries', () => {
    const alarmsOf = (from: Template) =>
      Object.fromEntries(namesOfType(from, 'AWS::CloudWatch::Alarm').map((name) => [name, subjectOf(from, name)]));
    const always = {
      ErrorRateAlarm: 'IF(requests >= 20, 100 * errors / requests, 0)',
      LatencyAlarm: 'Latency',
      ThrottleAlarm: 'Throttles',
      PromotionAlarm: 'Errors',
      StreamDeadLettersAlarm: 'ApproximateNumberOfMessagesVisible',
      StreamAgeAlarm: 'ApproximateAgeOfOldestMessage',
      StreamErrorsAlarm: 'Errors',
      StreamDeliveryAlarm: 'DeliveryToS3.DataFreshness',
      BulkFailedAlarm: 'failed + late',
    };
    expect(alarmsOf(synthesize('dev'))).toEqual(always);
    expect(alarmsOf(template)).toEqual({
      ...always,
      ModelAgeAlarm: 'seconds / 86400',
      DriftAlarm: 'MAX([score, class, length, unknown])',
      CandidateErrorAlarm: 'IF(errors >= 3, 100 * errors / (answers + errors), 0)',
      CandidateLatencyAlarm: 'IF(samples >= 50, candidate / champion, 0)',
      CandidateLoadAlarm: 'CandidateFailed',
    });
  });

  it('take their limits from the parameters', () => {
    const changed = synthesize('prod', {
      alarmErrors: '0.5',
      alarmLatency: '1500',
      alarmModelAge: '10',
      alarmDrift: '0.1',
      alarmStreamAge: '60',
    });
    expect(propertiesOf(changed, 'ErrorRateAlarm').Threshold).toBe(0.5);
    expect(propertiesOf(changed, 'LatencyAlarm')).toMatchObject({ Threshold: 1500, ExtendedStatistic: 'p99' });
    expect(propertiesOf(changed, 'ModelAgeAlarm').Threshold).toBe(10);
    expect(propertiesOf(changed, 'DriftAlarm').Threshold).toBe(0.1);
    expect(at(propertiesOf(changed, 'DriftLambdaFunction').Environment, 'Variables', 'DRIFT_LIMIT')).toBe('0.1');
    expect(propertiesOf(changed, 'StreamAgeAlarm').Threshold).toBe(60);
  });

  it('do not ring while there are no requests', () => {
    for (const name of namesOfType(template, 'AWS::CloudWatch::Alarm'))
      expect(propertiesOf(template, name).TreatMissingData).toMatch(/^(notBreaching|ignore)$/);
  });

  it('notify the topic, which sends to the address', () => {
    for (const name of namesOfType(template, 'AWS::CloudWatch::Alarm'))
      expect(propertiesOf(template, name).AlarmActions).toEqual([{ Ref: 'Notifications' }]);
    expect(propertiesOf(template, 'Notifications').Subscription).toEqual([
      { Protocol: 'email', Endpoint: 'team@example.com' },
    ]);
    expect(propertiesOf(synthesize('prod'), 'Notifications').Subscription).toEqual({ Ref: 'AWS::NoValue' });
  });

  it('are all in docs/operations.md', () => {
    const headings = namesOfType(template, 'AWS::CloudWatch::Alarm').map((name) => `### ${name}`);
    expect(headings.filter((heading) => !operations.includes(heading))).toEqual([]);
  });
});

describe('a run of training that fails', () => {
  const rule = propertiesOf(synthesize('dev', { trainingImage }), 'TrainingFailedRule');

  it('is reported, for this queue only', () => {
    expect(rule.EventPattern).toEqual({
      source: ['aws.batch'],
      'detail-type': ['Batch Job State Change'],
      detail: { status: ['FAILED'], jobQueue: [{ Ref: 'TrainingQueue' }] },
    });
    expect(at(rule.Targets, 0, 'Arn')).toEqual({ Ref: 'Notifications' });
  });

  it('is reported in a sentence with its reason, its exit code and its log', () => {
    const { InputPathsMap, InputTemplate } = at(rule.Targets, 0, 'InputTransformer') as JsonObject;
    const sentence = textOf(InputTemplate);
    expect(sentence).toMatch(/^"Training run <name> \(<id>\) failed: <reason>, exit code <code> /);
    expect(Object.keys(InputPathsMap as JsonObject).filter((name) => !sentence.includes(`<${name}>`))).toEqual([]);
  });
});

describe('the dashboard', () => {
  const [body, variables] = at(propertiesOf(template, 'Dashboard').DashboardBody, 'Fn::Sub') as readonly [
    string,
    JsonObject,
  ];
  const widgets = JSON.parse(body).widgets as readonly { properties: { title: string; metrics: unknown[] } }[];
  const named = new Set(
    [...body.matchAll(/"\$\{Namespace\}","(\w+)"|MetricName=\\"(\w+)\\"/g)].map(([, a, b]) => a ?? b),
  );

  it('names only resources that exist', () => {
    const names = [...body.matchAll(/\$\{(\w+)(?:\.\w+)?\}/g)].map(([, name = '']) => name);
    const known = [...Object.keys(template.Resources), ...Object.keys(variables)];
    expect(names.filter((name) => !known.includes(name))).toEqual([]);
    expect(variables).toEqual({ Namespace: 'serverless-bert/prod' });
  });

  it('shows our own metrics, each of which docs/operations.md explains', () => {
    expect(named.size).toBeGreaterThan(10);
    expect([...named].filter((name) => !operations.includes(`| \`${name}\` |`))).toEqual([]);
  });

  it('has no overlapping widgets', () => {
    const positions = (JSON.parse(body).widgets as { x: number; y: number }[]).map(({ x, y }) => `${x} ${y}`);
    expect(new Set(positions).size).toBe(widgets.length);
  });
});

describe('logs', () => {
  it.each([
    ['dev', 14, []],
    ['prod', 90, ['DriftLogGroup', 'TrainingLogGroup']],
  ])('in %s are kept for %i days', (stage, days, more) => {
    const groups = namesOfType(synthesize(stage), 'AWS::Logs::LogGroup');
    const always = [
      'BulkJoinLogGroup',
      'BulkScoreLogGroup',
      'BulkSplitLogGroup',
      'HttpApiLogGroup',
      'PredictLogGroup',
      'PromoteLogGroup',
      'StreamDeliveryLogGroup',
      'StreamLogGroup',
    ];
    expect(groups.sort()).toEqual([...always, ...more].sort());
    for (const group of groups) expect(propertiesOf(synthesize(stage), group).RetentionInDays).toBe(days);
  });
});
