// What the interpreter of test/functions/bulk cannot show of the state machine, and who starts it.
import { at, type JsonObject, listOf, namesOfType, propertiesOf, synthesize, textOf } from './template.ts';

const template = synthesize('dev');
const definition = propertiesOf(template, 'BulkMachine').Definition;
const stateOf = (name: string) => at(definition, 'States', name) as JsonObject;

const tasks: readonly (readonly [string, JsonObject])[] = [
  ['Split', stateOf('Split')],
  ['ScoreBatch', at(stateOf('Score'), 'ItemProcessor', 'States', 'ScoreBatch') as JsonObject],
  ['Join', stateOf('Join')],
  ['TellRefusal', stateOf('TellRefusal')],
];

describe('the state machine of bulk files', () => {
  it('maps over the batches in executions of their own, which a redrive repeats alone', () => {
    expect(propertiesOf(template, 'BulkMachine')).toMatchObject({
      StateMachineName: 'serverless-bert-dev-bulk',
      StateMachineType: 'STANDARD',
    });
    expect(stateOf('Score')).toMatchObject({
      Type: 'Map',
      ItemReader: { ReaderConfig: { InputType: 'JSON' }, Parameters: { 'Key.$': '$.batches' } },
      ItemProcessor: { ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' } },
      ResultWriter: { Parameters: { Prefix: 'dev/bulk/work/reports' } },
      MaxConcurrency: 5,
      ToleratedFailurePercentage: 0,
    });
    // A redrive does not go back before a state that caught an error.
    expect(tasks.filter(([, task]) => task.Catch).map(([name]) => name)).toEqual(['Split']);
    expect(at(stateOf('Split'), 'Catch', 0)).toEqual({ ErrorEquals: ['FileError'], Next: 'ReadRefusal' });
  });

  it.each(tasks)(
    'waits longer and at random before it repeats %s, but never for a file that cannot be used',
    (_, task) => {
      const [first, busy, other] = listOf(task.Retry) as JsonObject[];
      expect(first).toEqual({ ErrorEquals: ['FileError'], MaxAttempts: 0 });
      expect(listOf(busy?.ErrorEquals)).toContain('Lambda.TooManyRequestsException');
      expect(busy).toMatchObject({ BackoffRate: 2, MaxDelaySeconds: 60, MaxAttempts: 10, JitterStrategy: 'FULL' });
      expect(other).toMatchObject({ ErrorEquals: ['States.TaskFailed'], MaxAttempts: 2, JitterStrategy: 'FULL' });
    },
  );

  it('takes concurrency and tolerated failures from the parameters', () => {
    const params = { bulkConcurrency: '40', bulkToleratedFailures: '5', keepBulkWork: '3' };
    const changed = synthesize('dev', params);
    const score = at(propertiesOf(changed, 'BulkMachine').Definition, 'States', 'Score');
    expect(score).toMatchObject({ MaxConcurrency: 40, ToleratedFailurePercentage: 5 });
    expect(JSON.parse(textOf(changed.Outputs.BulkScale?.Value))).toEqual({
      ...{ concurrency: 40, memory: 1769, architecture: 'x86_64' },
    });
    expect(listOf(at(propertiesOf(changed, 'ModelBucket'), 'LifecycleConfiguration', 'Rules'))).toContainEqual(
      expect.objectContaining({ Prefix: 'dev/bulk/work/', ExpirationInDays: 3 }),
    );
  });

  it('is started by each object in bulk/in/ and by nothing else', () => {
    const { EventPattern, Targets } = propertiesOf(template, 'BulkRule');
    expect(EventPattern).toEqual({
      source: ['aws.s3'],
      'detail-type': ['Object Created'],
      detail: { bucket: { name: [{ Ref: 'ModelBucket' }] }, object: { key: [{ prefix: 'dev/bulk/in/' }] } },
    });
    expect(listOf(Targets).map((target) => textOf(at(target, 'Arn')))).toEqual(['<BulkMachine>']);
  });

  it('has functions that run as long as Lambda allows, in roles of their own', () => {
    for (const step of ['Split', 'Score', 'Join']) {
      const found = propertiesOf(template, `Bulk${step}LambdaFunction`);
      expect([found.Timeout, textOf(found.Role)]).toEqual([900, `<Bulk${step}Role.Arn>`]);
      expect(at(found, 'ImageConfig', 'Command')).toEqual([`functions/bulk/index.${step.toLowerCase()}`]);
    }
  });
});

describe('a run that fails, takes too long or is stopped', () => {
  it('is reported in a sentence that says what to do', () => {
    const rule = propertiesOf(template, 'BulkFailedRule');
    expect(rule.EventPattern).toEqual({
      source: ['aws.states'],
      'detail-type': ['Step Functions Execution Status Change'],
      detail: { status: ['FAILED', 'TIMED_OUT', 'ABORTED'], stateMachineArn: [{ Ref: 'BulkMachine' }] },
    });
    expect(at(rule.Targets, 0, 'Arn')).toEqual({ Ref: 'Notifications' });
    const { InputPathsMap, InputTemplate } = at(rule.Targets, 0, 'InputTransformer') as JsonObject;
    expect(textOf(InputTemplate)).toMatch(
      /^"The bulk run <id> ended as <status>.*npm run bulk -- redrive NAME --stage dev/,
    );
    expect(Object.keys(InputPathsMap as JsonObject)).toEqual(['id', 'status']);
  });
});

it('leaves nothing of bulk files in a stage with bulk=off', () => {
  const without = synthesize('dev', { bulk: 'off' });
  expect(Object.keys(without.Resources).filter((name) => name.startsWith('Bulk'))).toEqual([]);
  expect(namesOfType(without, 'AWS::StepFunctions::StateMachine')).toEqual([]);
});
