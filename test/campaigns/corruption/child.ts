// `node child.mjs judge|serve FOLDER`: judges the version of a folder, or loads it as serving does. Prints `ready` when ONNX
// Runtime is loaded, then `refused` and the reason, or `accepted`.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadRuntime } from '../../../layers/inference/index.ts';
import { readJudgement, readServed } from './readings.ts';
import { openFolder } from './stores.ts';

const [task, folder = ''] = process.argv.slice(2);
await loadRuntime();
process.stdout.write('ready\n');
// The parent notes the memory at this point.
await sleep(50);
const place = { store: openFolder(folder).store, directory: join(folder, 'fetched') };
try {
  const answer = await (task === 'judge' ? readJudgement(place) : readServed(place));
  process.stdout.write(`accepted ${JSON.stringify(answer).slice(0, 500)}\n`);
} catch (error) {
  if (!(error instanceof Error) || !['ModelStoreError', 'InferenceError', 'RefusedByVerdict'].includes(error.name))
    throw error;
  process.stdout.write(`refused ${error.name}: ${error.message.slice(0, 2000)}\n`);
}
