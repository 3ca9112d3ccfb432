import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { packageStage, runServerless } from './serverless.mjs';
import { type JsonObject, propertiesOf, synthesize } from './template.ts';

const folder = mkdtempSync(join(tmpdir(), 'packaging-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What Serverless prints after the word Error: our sentences and nothing else. */
const sentencesOf = (output: string) => output.split('Error:\n')[1]?.split('\n\n')[0]?.trim().split('\n');

describe('serverless package', () => {
  it.each(['dev', 'prod'])('works offline for stage %s, with the image by its digest', (stage) => {
    const { status, output } = packageStage(stage, {}, join(folder, stage));
    expect(output).toContain('Service packaged');
    expect(status).toBe(0);
    expect(readdirSync(join(folder, stage))).toContain('cloudformation-template-update-stack.json');
  });

  it('puts one image under all functions, each with its own command', () => {
    const template = synthesize('dev');
    const uri = expect.stringMatching(/@sha256:a{64}$/);
    for (const [name, command] of Object.entries({
      PredictLambdaFunction: 'predict',
      PromoteLambdaFunction: 'promote',
      StreamLambdaFunction: 'stream',
    }))
      expect(propertiesOf(template, name)).toMatchObject({
        PackageType: 'Image',
        Code: { ImageUri: uri },
        ImageConfig: { Command: [`functions/${command}/index.handler`] },
        Architectures: ['x86_64'],
      });
  });

  it('builds Dockerfile.lambda for the processor when no image is given', () => {
    const printed = (words: string[]) => {
      const { output } = runServerless(['print', '--path', 'provider.ecr.images', '--format', 'yaml', ...words]);
      return parse(output) as JsonObject;
    };
    expect(printed([])).toEqual({ service: { path: '.', file: 'Dockerfile.lambda', platform: 'linux/amd64' } });
    expect(printed(['--param', 'architecture=arm64'])).toMatchObject({ service: { platform: 'linux/arm64' } });
  });
});

describe('serverless package refuses in one sentence', () => {
  it.each<[string, string, Readonly<Record<string, string>>, string[]]>([
    [
      'an unknown stage',
      'prdo',
      {},
      [
        'There is no stage "prdo". Stages are dev and prod; infra/parameters.yml takes another one as a further section.',
      ],
    ],
    [
      'an unknown parameter',
      'dev',
      { memmory: '2048' },
      ['There is no parameter "memmory"; docs/settings.md lists them all.'],
    ],
    [
      'a bad cron',
      'dev',
      { trainingSchedule: '0 3 * * 0' },
      [expect.stringMatching(/^trainingSchedule must be off, or cron\(minute .* but it is "0 3 \* \* 0"\.$/)],
    ],
    [
      'a missing parameter',
      'prod',
      { authorizer: 'jwt', jwtIssuer: 'https://issuer.example' },
      ['authorizer is jwt, which needs two more parameters: jwtIssuer and jwtAudience.'],
    ],
    [
      'and all of it at once',
      'dev',
      { memory: 'abc', authorizer: 'open', cors: 'example.com' },
      [
        expect.stringMatching(/^memory must/),
        expect.stringMatching(/^authorizer must/),
        expect.stringMatching(/^cors must/),
      ],
    ],
  ])('%s', (_what, stage, params, sentences) => {
    const { status, output } = packageStage(stage, params, join(folder, 'refused'));
    expect(sentencesOf(output)).toEqual(sentences);
    expect(status).toBe(1);
  });
});
