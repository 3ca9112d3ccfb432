import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { buildSync } from 'esbuild';

/** Runs a program that records with the meter in a function's environment, and returns the lines that it writes. */
function runMeter(program: string): Record<string, unknown>[] {
  const { outputFiles } = buildSync({
    stdin: {
      contents: `import { openMeter } from './layers/telemetry/index.ts'; const meter = openMeter(); ${program}`,
      resolveDir: resolve('.'),
    },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    mainFields: ['module', 'main'],
  });
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-'], {
    input: outputFiles[0]?.text ?? '',
    encoding: 'utf8',
    env: { POWERTOOLS_METRICS_NAMESPACE: 'space', POWERTOOLS_SERVICE_NAME: 'predict', NODE_NO_WARNINGS: '1' },
  });
  expect(stderr).toBe('');
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

it('writes measures as one line that CloudWatch makes metrics of', () => {
  const [line, ...more] = runMeter(`
    meter.record([{ name: 'RunTime', unit: 'Milliseconds', value: 12.5 }, { name: 'Tokens', unit: 'Count', value: 7 }]);
  `);
  expect(more).toEqual([]);
  expect(line).toMatchObject({
    _aws: {
      CloudWatchMetrics: [
        {
          Namespace: 'space',
          Dimensions: [['service']],
          Metrics: [
            { Name: 'RunTime', Unit: 'Milliseconds' },
            { Name: 'Tokens', Unit: 'Count' },
          ],
        },
      ],
    },
    service: 'predict',
    RunTime: 12.5,
    Tokens: 7,
  });
});

it('keeps the dimensions of one line out of the next', () => {
  const count = `[{ name: 'Errors', unit: 'Count', value: 1 }]`;
  const lines = runMeter(`meter.record(${count}, { code: 'INTERNAL' }); meter.record(${count});`);
  const dimensions = lines.map(({ _aws: metrics }) => Object(metrics).CloudWatchMetrics[0].Dimensions);
  expect(dimensions).toEqual([[['service', 'code']], [['service']]]);
});
