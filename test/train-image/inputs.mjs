// What the container trains on: a tiny BERT and 400 reviews.
import { chmodSync, mkdtempSync, renameSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execute } from '../containers/tools.mjs';
import { binaries } from '../python.mjs';

const maker = join(import.meta.dirname, '..', 'training', 'tiny.py');
const training = join(import.meta.dirname, '..', '..', 'training');

/** Settings with which the tiny BERT learns in seconds. Locations keep their defaults. */
export const tinySettings = {
  MAX_LEN: '48',
  EPOCHS: '2',
  TRAIN_BATCH_SIZE: '16',
  LEARNING_RATE: '0.003',
  ENCODER_DROPOUT: '0',
  THREADS: '1',
};

/** Makes a new folder as the tutorial mounts it, with imdb.csv and bert_base_uncased. */
export function makeInputFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'inputs-'));
  execute(join(binaries, 'python'), [maker, folder], { env: { ...process.env, PYTHONPATH: training } });
  renameSync(join(folder, 'base'), join(folder, 'bert_base_uncased'));
  return folder;
}

/** Gives a folder and all in it to a user. No other user can read it then. */
export function giveTo(owner, folder) {
  execute('chown', ['--recursive', `${owner}:${owner}`, folder]);
  chmodSync(folder, 0o700);
}
