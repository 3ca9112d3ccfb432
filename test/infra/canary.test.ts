import { at, type JsonObject, listOf, namesOfType, propertiesOf, synthesize, textOf } from './template.ts';

const template = synthesize('dev', { canaryShare: '10', canaryMinutes: '45', latencyRatio: '1.5', alarmErrors: '2' });
const alarms = ['CandidateErrorAlarm', 'CandidateLatencyAlarm', 'CandidateLoadAlarm', 'ErrorRateAlarm'];
const input = '{"canary":"decide"}';

describe('a deployment with canaries', () => {
  it('tells promote share, minutes and alarms', () => {
    const variables = at(propertiesOf(template, 'PromoteLambdaFunction').Environment, 'Variables') as JsonObject;
    expect(variables).toMatchObject({ CANARY_SHARE: '10', CANARY_MINUTES: '45' });
    expect(textOf(variables.CANARY_ALARMS)).toBe(alarms.map((name) => `<${name}>`).join(','));
  });

  it('lets promote decide every five minutes, and at once when one of the alarms rings', () => {
    const schedule = propertiesOf(template, 'CanarySchedule');
    expect(schedule.ScheduleExpression).toBe('rate(5 minutes)');
    const { EventPattern, Targets } = propertiesOf(template, 'CanaryAlarmRule');
    expect(listOf(at(EventPattern, 'resources')).map(textOf)).toEqual(alarms.map((name) => `<${name}.Arn>`));
    expect(at(EventPattern, 'detail', 'state', 'value')).toEqual(['ALARM']);
    for (const targets of [schedule.Targets, Targets])
      expect(targets).toEqual([
        { Id: 'promote', Arn: { 'Fn::GetAtt': ['PromoteLambdaFunction', 'Arn'] }, Input: input },
      ]);
  });

  it('lets only these two rules call promote for it', () => {
    const callers = namesOfType(template, 'AWS::Lambda::Permission')
      .map((name) => propertiesOf(template, name))
      .filter(({ FunctionName }) => textOf(FunctionName).includes('Promote'))
      .map(({ SourceArn }) => textOf(SourceArn));
    expect(callers).toEqual(expect.arrayContaining(['<CanarySchedule.Arn>', '<CanaryAlarmRule.Arn>']));
    expect(callers).toHaveLength(3);
  });

  it('watches the candidate by the limits of the deployment', () => {
    expect(propertiesOf(template, 'CandidateErrorAlarm').Threshold).toBe(2);
    expect(propertiesOf(template, 'CandidateLatencyAlarm').Threshold).toBe(1.5);
    const dimensions = listOf(propertiesOf(template, 'CandidateErrorAlarm').Metrics).flatMap((metric) =>
      listOf(at(metric, 'MetricStat', 'Metric', 'Dimensions')),
    );
    expect(new Set(dimensions.map((dimension) => at(dimension, 'Value')))).toEqual(new Set(['predict', 'candidate']));
  });
});

it('has nothing of it by default', () => {
  const names = Object.keys(synthesize('prod').Resources).join();
  expect(names).not.toMatch(/Canary|Candidate/);
  const variables = at(propertiesOf(synthesize('prod'), 'PromoteLambdaFunction').Environment, 'Variables');
  expect(at(variables, 'CANARY_SHARE')).toEqual({ Ref: 'AWS::NoValue' });
});
