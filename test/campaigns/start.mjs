// `node test/campaigns/start.mjs NAME`: builds the project and a campaign, then runs it by test/campaigns/command.ts. `all` runs
// every campaign, and `report` writes the table of docs/reliability.md.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildPrograms } from '../../bench/build.mjs';
import { prepareEnvironment } from '../python.mjs';

const root = join(import.meta.dirname, '..', '..');
const built = join(root, '.cache', 'campaigns');

/** The name of each campaign's script, and of its file or folder here. */
const names = { fuzz: 'fuzz', corrupt: 'corruption', faults: 'faults', races: 'races', soak: 'soak' };

const findEntry = (name) =>
  [`${names[name]}/index.ts`, `${names[name]}.ts`].find((path) => existsSync(join(import.meta.dirname, path)));

const load = (path) => import(pathToFileURL(join(built, path.replace(/\.ts$/, '.mjs'))).href);

async function loadCampaign(name, call) {
  const entry = findEntry(name);
  const module = pathToFileURL(join(built, entry.replace(/\.ts$/, '.mjs'))).href;
  return { ...(await load(entry)), module, call };
}

async function runNamed(asked, args) {
  prepareEnvironment();
  const { status } = spawnSync(process.execPath, [join(root, 'build.mjs'), '--quiet'], { stdio: 'inherit' });
  if (status !== 0) return status ?? 1;
  await buildPrograms(import.meta.dirname, ['command.ts', ...asked.map(findEntry)], built);
  const campaigns = await Promise.all(asked.map((name) => loadCampaign(name, `npm run ${name} --`)));
  const call = asked.length === 1 ? campaigns[0].call : 'npm run campaigns --';
  const places = { root, dist: join(root, 'dist'), child: join(import.meta.dirname, 'child.mjs') };
  return (await load('command.ts')).runCampaigns(call, campaigns, args, places);
}

async function writeReport() {
  await buildPrograms(import.meta.dirname, ['command.ts', 'report.ts'], built);
  (await load('report.ts')).writeReport(root);
  return 0;
}

async function start([name, ...args]) {
  if (name === 'report') return writeReport();
  const known = Object.keys(names).filter(findEntry);
  if (name === 'all') return runNamed(known, args);
  if (known.includes(name)) return runNamed([name], args);
  console.error(`There is no campaign ${name}. There are ${known.join(', ')}, all and report.`);
  return 2;
}

// Not by process.exit, which would cut what a pipe has not taken yet.
process.exitCode = await start(process.argv.slice(2));
