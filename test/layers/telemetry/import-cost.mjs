// Measures what telemetry adds to a cold start: milliseconds to load each piece in a fresh process, the pieces in turn.
// `node test/layers/telemetry/import-cost.mjs [RUNS]`. docs/decisions/0030-powertools-for-metrics.md has numbers of other libraries.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildSync } from 'esbuild';

const meter = "import { openMeter } from './layers/telemetry/index.ts'; openMeter()";
const programs = {
  'our log': "import { createLog } from './layers/telemetry/log.ts'; createLog({ level: 'info' }).info('x');",
  'our meter': `${meter}.record([{ name: 'A', unit: 'Count', value: 1 }]);`,
};

const runs = Number(process.argv[2] ?? 31);
const folder = mkdtempSync(resolve('.cache', 'import-cost-'));

const build = ([name, contents], index) => {
  const outfile = join(folder, `${index}.mjs`);
  buildSync({
    stdin: { contents, resolveDir: resolve('.') },
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    mainFields: ['module', 'main'],
    minifySyntax: true,
  });
  return { name, url: pathToFileURL(outfile).href, wall: [], cpu: [] };
};

const measure = ({ url, wall, cpu }) => {
  const code = `const t = performance.now(), c = process.cpuUsage(); await import('${url}'); const d = process.cpuUsage(c);
    process.stderr.write(JSON.stringify([performance.now() - t, (d.user + d.system) / 1000]))`;
  const env = { ...process.env, POWERTOOLS_METRICS_NAMESPACE: 'n', POWERTOOLS_SERVICE_NAME: 's' };
  const [wallMs, cpuMs] = JSON.parse(
    spawnSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8', env }).stderr,
  );
  wall.push(wallMs);
  cpu.push(cpuMs);
};

const describe = (values) => {
  const sorted = values.toSorted((one, other) => one - other);
  return `min ${sorted[0].toFixed(1)}, median ${sorted[sorted.length >> 1].toFixed(1)}`;
};

const subjects = Object.entries(programs).map(build);
for (let run = 0; run < runs; run++) for (const subject of subjects) measure(subject);
for (const { name, wall, cpu } of subjects)
  console.log(`${name.padEnd(20)} wall ms: ${describe(wall)}; processor ms: ${describe(cpu)}`);
rmSync(folder, { recursive: true });
