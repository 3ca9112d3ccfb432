// `npm run corrupt`: damages the files of a store and of checkpoints. docs/reliability.md explains it.
import { join } from 'node:path';
import { buildPrograms } from '../../../bench/build.mjs';
import { startMoto } from '../../s3/moto.mjs';
import type { Campaign, Context, Outcome, Part } from '../campaign.ts';
import { damageCheckpoints } from './checkpoints.ts';
import { runDamage } from './damage-campaign.ts';
import { maliciousCases, runMalicious } from './malicious.ts';
import { openBucket, openFolder } from './stores.ts';

/** Runs a part with an S3 server of its own. */
async function withServer(context: Context, run: (endpoint: string) => Promise<Outcome>): Promise<Outcome> {
  // moto.mjs looks beside its own place, which is another one in a bundle.
  const server = process.env.MOTO_SERVER ?? join(context.dist, '..', '.venv', 'bin', 'moto_server');
  const { endpoint, stop } = await startMoto([server]);
  try {
    return await run(endpoint);
  } finally {
    await stop();
  }
}

const folder: Part = {
  name: 'folder',
  unit: 'mutations',
  short: 400,
  parallel: true,
  run: (context) => runDamage(context, openFolder(join(context.folder, 'store'))),
};

const s3: Part = {
  name: 's3',
  unit: 'mutations',
  short: 120,
  parallel: true,
  run: (context) => withServer(context, async (endpoint) => runDamage(context, await openBucket(endpoint))),
};

const checkpoints: Part = {
  name: 'checkpoints',
  unit: 'mutations',
  short: 120,
  parallel: true,
  run: (context) => withServer(context, (endpoint) => damageCheckpoints(context, endpoint)),
};

/** Builds the program that judges in a process of its own, inside the repository, where its packages are found. */
async function buildChild({ dist }: Context): Promise<string> {
  const root = join(dist, '..');
  const built = join(root, '.cache', 'campaigns', 'corruption');
  await buildPrograms(join(root, 'test', 'campaigns', 'corruption'), ['child.ts'], built);
  return join(built, 'child.mjs');
}

const malicious: Part = {
  name: 'malicious',
  unit: 'files',
  short: maliciousCases.length,
  parallel: true,
  run: async (context) => runMalicious(context, await buildChild(context)),
};

export const campaign: Campaign = {
  name: 'corrupt',
  summary: 'damages every file of a store, and expects a refusal that names the file, or the untouched answer',
  parts: [folder, s3, checkpoints, malicious],
};
