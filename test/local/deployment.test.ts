import { CloudFormationClient, CreateStackCommand } from '@aws-sdk/client-cloudformation';
import { findDeployment } from '../../local/deployment.ts';

const client = new CloudFormationClient({ endpoint: process.env.TEST_S3_ENDPOINT ?? '', region: 'ca-central-1' });

describe('a deployed stage', () => {
  beforeAll(async () => {
    const body = { Resources: { T: { Type: 'AWS::SNS::Topic' } }, Outputs: { ModelUri: { Value: 's3://bucket/dev' } } };
    await client.send(new CreateStackCommand({ StackName: 'serverless-bert-dev', TemplateBody: JSON.stringify(body) }));
  });

  it('names the URI of its models', async () => {
    expect((await findDeployment('dev', client)).output('ModelUri')).toBe('s3://bucket/dev');
  });

  it('explains what to do if training is not deployed', async () => {
    const deployment = await findDeployment('dev', client);
    expect(() => deployment.output('TrainingQueue')).toThrow(
      'Stage dev has no TrainingQueue. It was deployed without training; docs/deploy.md, "Training", says how to add it.',
    );
  });

  it('explains what to do if the stage is not deployed', async () => {
    await expect(findDeployment('prod', client)).rejects.toThrow(
      'Stage prod is not deployed in ca-central-1 (no stack serverless-bert-prod): npx serverless deploy --stage prod.',
    );
  });
});
