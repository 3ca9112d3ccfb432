import { at, type JsonObject, listOf, propertiesOf, synthesize, textOf } from './template.ts';

describe('a deployment with SnapStart', () => {
  const template = synthesize('dev', { snapStart: 'on', timeout: '20' });

  it('takes snapshots of published versions, and the API calls the alias', () => {
    expect(propertiesOf(template, 'PredictLambdaFunction')).toMatchObject({
      SnapStart: { ApplyOn: 'PublishedVersions' },
      EphemeralStorage: { Size: 512 },
    });
    expect(propertiesOf(template, 'PredictSnapStartLambdaAlias').Name).toBe('snapstart');
    expect(textOf(propertiesOf(template, 'HttpApiIntegrationPredict').IntegrationUri)).toBe(
      '<PredictLambdaFunction.Arn>:snapstart',
    );
  });

  it('keeps no version of an earlier deployment, which would be billed on', () => {
    const [name = ''] = Object.keys(template.Resources).filter((key) => key.startsWith('PredictLambdaVersion'));
    expect(template.Resources[name]).not.toHaveProperty('DeletionPolicy');
  });

  it('lets promote publish a version when current.json changes', () => {
    const { EventPattern, Targets } = propertiesOf(template, 'SnapshotRule');
    expect(at(EventPattern, 'detail', 'object', 'key')).toEqual(['dev/current.json']);
    expect(at(Targets, 0, 'Input')).toBe('{"snapshot":"publish"}');
    const variables = at(propertiesOf(template, 'PromoteLambdaFunction').Environment, 'Variables') as JsonObject;
    expect(variables).toMatchObject({ SNAPSHOT_ALIAS: 'snapstart', SNAPSHOT_DRAIN_SECONDS: '20' });
    expect(textOf(variables.SNAPSHOT_FUNCTION)).toBe('<PredictLambdaFunction>');
  });

  it('lets promote change this function alone, and delete only versions of it', () => {
    const statements = listOf(at(propertiesOf(template, 'SnapshotPolicy').PolicyDocument, 'Statement'));
    const lines = statements.flatMap((statement) =>
      listOf(at(statement, 'Action')).map((action) => `${action} on ${textOf(at(statement, 'Resource'))}`),
    );
    expect(lines).toEqual([
      'lambda:GetFunctionConfiguration on <PredictLambdaFunction.Arn>',
      'lambda:UpdateFunctionConfiguration on <PredictLambdaFunction.Arn>',
      'lambda:PublishVersion on <PredictLambdaFunction.Arn>',
      'lambda:UpdateAlias on <PredictLambdaFunction.Arn>',
      'lambda:GetFunctionConfiguration on <PredictLambdaFunction.Arn>:*',
      'lambda:DeleteFunction on <PredictLambdaFunction.Arn>:*',
    ]);
  });
});

describe('provisioned concurrency', () => {
  it('is started and stopped by a schedule', () => {
    const template = synthesize('dev', {
      provisionedConcurrency: '3',
      provisionedStart: 'cron(0 7 ? * MON-FRI *)',
      provisionedStop: 'cron(0 19 ? * MON-FRI *)',
      provisionedTimezone: 'Europe/Berlin',
    });
    expect(template.Resources.ProvisionedTarget?.DependsOn).toEqual(['PredictProvConcLambdaAlias']);
    const { ResourceId, ScheduledActions, ...target } = propertiesOf(template, 'ProvisionedTarget');
    expect(target).toMatchObject({ ServiceNamespace: 'lambda', MinCapacity: 3, MaxCapacity: 3 });
    expect(textOf(ResourceId)).toBe('function:<PredictLambdaFunction>:provisioned');
    expect(propertiesOf(template, 'PredictProvConcLambdaAlias').Name).toBe('provisioned');
    const Timezone = 'Europe/Berlin';
    expect(ScheduledActions).toMatchObject([
      { Schedule: 'cron(0 7 ? * MON-FRI *)', Timezone, ScalableTargetAction: { MinCapacity: 3, MaxCapacity: 3 } },
      { Schedule: 'cron(0 19 ? * MON-FRI *)', Timezone, ScalableTargetAction: { MinCapacity: 0, MaxCapacity: 0 } },
    ]);
  });

  it('has neither schedule nor snapshots by default', () => {
    const template = synthesize('prod');
    expect(Object.keys(template.Resources).join()).not.toMatch(/Provisioned|Snap/);
    expect(propertiesOf(template, 'PredictLambdaFunction')).not.toHaveProperty('SnapStart');
  });
});
