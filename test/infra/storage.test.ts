import {
  at,
  type Json,
  type JsonObject,
  listOf,
  namesOfType,
  propertiesOf,
  synthesize,
  type Template,
  textOf,
} from './template.ts';

const rulesOf = (template: Template) =>
  listOf(at(propertiesOf(template, 'ModelBucket'), 'LifecycleConfiguration', 'Rules')) as JsonObject[];

const statementsOf = (template: Template, policy: string) =>
  listOf(at(propertiesOf(template, policy), 'PolicyDocument', 'Statement')) as JsonObject[];

const statementOf = (template: Template, sid: string) => {
  const found = statementsOf(template, 'ModelBucketPolicy').find(({ Sid }) => Sid === sid);
  if (!found) throw new Error(`No statement ${sid}.`);
  return found;
};

/** IAM's * stands for any text. */
const matches = (resource: Json | undefined, key: string) =>
  new RegExp(`^${textOf(resource).replaceAll(/[.<>]/g, '\\$&').replaceAll('*', '.*')}$`).test(
    `<ModelBucket.Arn>/${key}`,
  );

/** Rules that wait for an event, other than those of bulk files, which test/infra/bulk.test.ts looks at. */
const listRules = (template: Template) =>
  namesOfType(template, 'AWS::Events::Rule').filter(
    (name) => !name.startsWith('Bulk') && propertiesOf(template, name).EventPattern,
  );

describe('the model bucket', () => {
  const template = synthesize('prod');

  it('is private, versioned, encrypted, and notifies EventBridge of every object', () => {
    expect(propertiesOf(template, 'ModelBucket')).toMatchObject({
      VersioningConfiguration: { Status: 'Enabled' },
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
      },
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
      NotificationConfiguration: { EventBridgeConfiguration: { EventBridgeEnabled: true } },
    });
  });

  it('outlives the stack with its policy, under a name that no later deployment meets', () => {
    expect(template.Resources.ModelBucket).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
    expect(template.Resources.ModelBucketPolicy).toMatchObject({
      DeletionPolicy: 'Retain',
      UpdateReplacePolicy: 'Retain',
    });
    expect(propertiesOf(template, 'ModelBucket')).not.toHaveProperty('BucketName');
  });

  it('expires rejected versions and checkpoints, and no current object of any other kind', () => {
    const expiring = rulesOf(template).filter((rule) => 'ExpirationInDays' in rule);
    expect(expiring.map(({ Prefix }) => Prefix)).toEqual([
      ...['prod/rejected/', 'prod/training/checkpoints/', 'prod/bulk/work/'],
    ]);
    expect(expiring.map(({ ExpirationInDays }) => ExpirationInDays)).toEqual([30, 30, 14]);
    expect(rulesOf(template).every(({ Status }) => Status === 'Enabled')).toBe(true);
  });

  it('keeps former pointers for a while, and forgets abandoned uploads', () => {
    expect(rulesOf(template)).toContainEqual(
      expect.objectContaining({ NoncurrentVersionExpiration: { NoncurrentDays: 90, NewerNoncurrentVersions: 10 } }),
    );
    expect(rulesOf(template)).toContainEqual(
      expect.objectContaining({ AbortIncompleteMultipartUpload: { DaysAfterInitiation: 2 } }),
    );
  });
});

describe("the bucket's policy", () => {
  const template = synthesize('dev');

  it('only ever denies', () => {
    expect(statementsOf(template, 'ModelBucketPolicy').map(({ Effect }) => Effect)).toEqual(['Deny', 'Deny', 'Deny']);
  });

  it('refuses everything without TLS, on the bucket and on its objects', () => {
    const { Action, Principal, Condition, Resource } = statementOf(template, 'OnlyOverTls');
    expect({ Action, Principal, Condition }).toEqual({
      Action: 's3:*',
      Principal: '*',
      Condition: { Bool: { 'aws:SecureTransport': 'false' } },
    });
    expect(listOf(Resource).map(textOf)).toEqual(['<ModelBucket.Arn>', '<ModelBucket.Arn>/*']);
  });

  it('lets an object of a version be created once: If-None-Match, but not for the parts of an upload', () => {
    const { Action, Principal, Condition, Resource } = statementOf(template, 'VersionsAreCreatedOnce');
    expect({ Action, Principal, Condition }).toEqual({
      Action: 's3:PutObject',
      Principal: '*',
      Condition: { Null: { 's3:if-none-match': 'true' }, Bool: { 's3:ObjectCreationOperation': 'true' } },
    });
    for (const key of ['dev/versions/v/model.onnx', 'prod/versions/v/manifest.json', 'a/b/versions/v/verdict.json'])
      expect(matches(Resource, key)).toBe(true);
    for (const key of ['dev/current.json', 'dev/training/data/imdb.csv', 'dev/rejected/v/model.onnx'])
      expect(matches(Resource, key)).toBe(false);
  });

  it('lets the pointer be created or swapped, never overwritten blindly', () => {
    const { Condition, Resource } = statementOf(template, 'PointerIsComparedAndSwapped');
    expect(Condition).toEqual({
      Null: { 's3:if-none-match': 'true', 's3:if-match': 'true' },
      Bool: { 's3:ObjectCreationOperation': 'true' },
    });
    expect(matches(Resource, 'prod/current.json')).toBe(true);
  });
});

describe('two stages in one bucket', () => {
  const shared = synthesize('prod', { bucket: 'bucket-of-dev' });

  it('leave it, its policy and its rules to the stage that made it', () => {
    expect(namesOfType(shared, 'AWS::S3::Bucket')).toEqual(['ServerlessDeploymentBucket']);
    expect(shared.Resources).not.toHaveProperty('ModelBucketPolicy');
    expect(shared.Outputs.ModelBucketName?.Value).toBe('bucket-of-dev');
  });

  it('read and watch their own prefix', () => {
    const uri = at(propertiesOf(shared, 'PredictLambdaFunction'), 'Environment', 'Variables', 'MODEL_URI');
    expect(textOf(uri)).toBe('s3://bucket-of-dev/prod');
    expect(propertiesOf(shared, 'BulkRule').EventPattern).toMatchObject({
      detail: { bucket: { name: ['bucket-of-dev'] }, object: { key: [{ prefix: 'prod/bulk/in/' }] } },
    });
    const [rule = ''] = listRules(shared);
    expect(propertiesOf(shared, rule).EventPattern).toMatchObject({
      detail: { bucket: { name: ['bucket-of-dev'] }, object: { key: [{ wildcard: 'prod/versions/*/manifest.json' }] } },
    });
  });
});

describe('a new version', () => {
  it('wakes promote when its manifest appears, and nothing else does', () => {
    const template = synthesize('dev');
    const [rule = '', ...others] = listRules(template);
    expect(others).toEqual([]);
    const { EventPattern, Targets, State } = propertiesOf(template, rule);
    expect(State).toBe('ENABLED');
    expect(EventPattern).toEqual({
      source: ['aws.s3'],
      'detail-type': ['Object Created'],
      detail: {
        bucket: { name: [{ Ref: 'ModelBucket' }] },
        object: { key: [{ wildcard: 'dev/versions/*/manifest.json' }] },
      },
    });
    expect(listOf(Targets).map((target) => textOf(at(target, 'Arn')))).toEqual(['<PromoteLambdaFunction.Arn>']);
    expect(textOf(propertiesOf(template, 'PromoteEventBridgeLambdaPermission1').FunctionName)).toContain('Promote');
  });
});
