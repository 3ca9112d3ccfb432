// `npm run races`: publishers, promoters and readers at once, and commands that are killed at random moments.
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createPointer, firstVersion, secondVersion } from '../../functions/predict/tiny-store.ts';
import { createCandidate } from '../../functions/promote/tiny-candidates.ts';
import { makeBucket } from '../../s3/buckets.ts';
import type { Campaign, Context, Outcome } from '../campaign.ts';
import { startS3 } from '../s3-server.ts';
import { createCommands } from './commands.ts';
import { killCommands } from './kills.ts';
import { runRace } from './writers.ts';

export { servePromotions } from './promoter.ts';

const writeInto = (root: string) => async (key: string, bytes: Buffer) => {
  await mkdir(dirname(join(root, key)), { recursive: true });
  await writeFile(join(root, key), bytes);
};

async function raceInFolder(context: Context): Promise<Outcome> {
  const root = join(context.folder, 'store');
  return runRace({ uri: pathToFileURL(root).href, put: writeInto(root) }, import.meta.url, context);
}

async function raceOnS3(context: Context): Promise<Outcome> {
  const s3 = await startS3();
  try {
    const bucket = await makeBucket();
    const put = (key: string, bytes: Buffer) => bucket.put(`models/${key}`, bytes);
    return await runRace({ uri: `s3://${bucket.name}/models`, put }, import.meta.url, context);
  } finally {
    await s3.stop();
  }
}

/** Both stores hold two versions of the tiny model with golden texts, the first of them current. */
async function writeTwoVersions(put: (key: string, bytes: Buffer) => Promise<void>): Promise<void> {
  const [first, second]: Readonly<Record<string, Buffer>>[] = await Promise.all(
    [firstVersion, secondVersion].map((version) => createCandidate({ version })),
  );
  const all = { ...first, ...second, 'current.json': createPointer({ ...first }, firstVersion) };
  for (const [key, bytes] of Object.entries(all)) await put(key, bytes);
}

async function kill(context: Context): Promise<Outcome> {
  const { folder, dist } = context;
  const s3 = await startS3();
  try {
    const root = join(folder, 'store');
    const bucket = await makeBucket();
    await writeTwoVersions(writeInto(root));
    await writeTwoVersions((key, bytes) => bucket.put(`models/${key}`, bytes));
    const uris = { folder: pathToFileURL(root).href, S3: `s3://${bucket.name}/models` };
    return await killCommands(await createCommands({ uris, endpoint: s3.endpoint }, { folder, dist }), context);
  } finally {
    await s3.stop();
  }
}

const writers = { unit: 'publishers and promoters', parallel: false };

export const campaign: Campaign = {
  name: 'races',
  summary: 'Publishers, promoters and readers at once, and commands that are killed at random moments.',
  parts: [
    { ...writers, name: 'writers in a folder', short: 60, run: raceInFolder },
    { ...writers, name: 'writers on S3', short: 24, run: raceOnS3 },
    { name: 'kills', unit: 'killed commands', short: 7, parallel: false, run: kill },
  ],
};
