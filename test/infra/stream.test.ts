import { at, everything, type JsonObject, listOf, propertiesOf, synthesize, textOf } from './template.ts';

const template = synthesize('dev');
const ordered = synthesize('dev', { streamQueue: 'fifo' });
const source = 'StreamEventSourceMappingSQSStreamQueue';

describe('the queue of texts', () => {
  it('calls the function with up to 100 messages or after a second, in a bounded number of environments', () => {
    const mapping = propertiesOf(synthesize('dev', { streamConcurrency: '7' }), source);
    expect(mapping).toMatchObject({
      BatchSize: 100,
      MaximumBatchingWindowInSeconds: 1,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: 7 },
    });
    expect(textOf(mapping.EventSourceArn)).toBe('<StreamQueue.Arn>');
    expect(textOf(mapping.FunctionName)).toBe('<StreamLambdaFunction.Arn>');
  });

  it('hides a message for six times as long as the function may run', () => {
    const { Timeout } = propertiesOf(template, 'StreamLambdaFunction');
    expect(propertiesOf(template, 'StreamQueue').VisibilityTimeout).toBe(6 * Number(Timeout));
  });

  it('moves a message to the dead letters after ten failures, which keep it for two weeks', () => {
    const redrive = at(propertiesOf(template, 'StreamQueue'), 'RedrivePolicy');
    expect(textOf(at(redrive, 'deadLetterTargetArn'))).toBe('<StreamDeadLetters.Arn>');
    expect(at(redrive, 'maxReceiveCount')).toBe(10);
    for (const name of ['StreamQueue', 'StreamDeadLetters'])
      expect(propertiesOf(template, name).MessageRetentionPeriod).toBe(14 * 24 * 3600);
  });

  it('leaves room for the reason beside the largest message, where the dead letters take 256 KiB', () => {
    expect(propertiesOf(template, 'StreamQueue').MaximumMessageSize).toBeLessThanOrEqual(256 * 1024 - 4096);
    expect(propertiesOf(template, 'StreamDeadLetters')).not.toHaveProperty('MaximumMessageSize');
  });

  it.each(['StreamQueue', 'StreamDeadLetters'])('is encrypted and refuses everything without TLS: %s', (name) => {
    expect(propertiesOf(template, name).SqsManagedSseEnabled).toBe(true);
    const { Queues, PolicyDocument } = propertiesOf(template, `${name}Policy`);
    expect(Queues).toEqual([{ Ref: name }]);
    expect(at(PolicyDocument, 'Statement')).toEqual([
      {
        Sid: 'OnlyOverTls',
        Effect: 'Deny',
        Principal: '*',
        Action: 'sqs:*',
        Resource: { 'Fn::GetAtt': [name, 'Arn'] },
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      },
    ]);
  });

  it('stays with its messages when the parameter asks for another kind', () => {
    for (const name of ['StreamQueue', 'StreamDeadLetters'])
      expect(template.Resources[name]?.UpdateReplacePolicy).toBe('Retain');
  });
});

describe('a queue in order', () => {
  it('keeps the order within a group, and drops nothing as a repetition by itself', () => {
    expect(propertiesOf(ordered, 'StreamQueue')).toMatchObject({
      FifoQueue: true,
      DeduplicationScope: 'messageGroup',
      FifoThroughputLimit: 'perMessageGroupId',
    });
    expect(propertiesOf(ordered, 'StreamQueue')).not.toHaveProperty('ContentBasedDeduplication');
    expect(propertiesOf(ordered, 'StreamDeadLetters').FifoQueue).toBe(true);
    expect(propertiesOf(template, 'StreamQueue')).not.toHaveProperty('FifoQueue');
  });

  it('gives the function ten messages at most, without a window, as Lambda demands', () => {
    expect(propertiesOf(ordered, source)).toMatchObject({
      BatchSize: 10,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    });
    expect(propertiesOf(ordered, source)).not.toHaveProperty('MaximumBatchingWindowInSeconds');
  });
});

describe('the results', () => {
  const delivery = propertiesOf(template, 'StreamDelivery');
  const destination = delivery.ExtendedS3DestinationConfiguration as JsonObject;

  it('go to the bucket as gzipped JSON lines, by the hour, within a minute', () => {
    expect(destination).toMatchObject({
      Prefix: 'dev/results/stream/!{timestamp:yyyy/MM/dd/HH}/',
      CompressionFormat: 'GZIP',
      FileExtension: '.jsonl.gz',
      BufferingHints: { IntervalInSeconds: 60 },
      CloudWatchLoggingOptions: { Enabled: true },
    });
    expect(textOf(destination.BucketARN)).toBe('<ModelBucket.Arn>');
    expect(String(destination.ErrorOutputPrefix)).toMatch(/^dev\/results\/failed\/stream\/!\{firehose:error/);
    expect(at(delivery, 'DeliveryStreamEncryptionConfigurationInput', 'KeyType')).toBe('AWS_OWNED_CMK');
  });

  it('are written by a role for their folder alone, which only this account can have Firehose take', () => {
    const [statement] = listOf(
      at(propertiesOf(template, 'StreamDeliveryRole'), 'AssumeRolePolicyDocument', 'Statement'),
    );
    expect(at(statement, 'Condition')).toEqual({ StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } });
    expect(textOf(destination.RoleARN)).toBe('<StreamDeliveryRole.Arn>');
  });

  it('go to a topic only by a parameter', () => {
    const topicOf = (params: Readonly<Record<string, string>>) =>
      at(
        propertiesOf(synthesize('dev', params), 'StreamLambdaFunction'),
        'Environment',
        'Variables',
        'RESULTS_TOPIC_ARN',
      );
    expect(topicOf({})).toEqual({ Ref: 'AWS::NoValue' });
    expect(template.Resources).not.toHaveProperty('StreamResults');
    expect(topicOf({ streamTopic: 'on' })).toEqual({ Ref: 'StreamResults' });
    const full = synthesize('prod', everything);
    expect(propertiesOf(full, 'StreamResults').KmsMasterKeyId).toBe('alias/aws/sns');
    expect(full.Outputs.StreamResultsTopic?.Value).toEqual({ Ref: 'StreamResults' });
  });
});

describe('without the stream', () => {
  it('there is nothing of it, also if a parameter asks for its topic', () => {
    const off = synthesize('prod', { stream: 'off', streamTopic: 'on', tracing: 'on' });
    const names = [...Object.keys(off.Resources), ...Object.keys(off.Outputs)];
    expect(names.filter((name) => name.startsWith('Stream'))).toEqual([]);
    expect(JSON.stringify(off.Resources)).not.toMatch(/"Stream[A-Z]\w*"|\$\{Stream/);
  });

  it('traces name no role of it', () => {
    const rolesOf = (params: Readonly<Record<string, string>>) =>
      propertiesOf(synthesize('prod', { tracing: 'on', ...params }), 'TracingPolicy').Roles;
    expect(rolesOf({ stream: 'off' })).not.toContainEqual({ Ref: 'StreamRole' });
    expect(rolesOf({})).toContainEqual({ Ref: 'StreamRole' });
  });
});
