import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { checkGolden, readGolden } from '../../functions/promote/golden.ts';
import { loadClassifier, loadTokenizer } from '../../layers/inference/index.ts';

const python = join('.venv', 'bin', 'python');
const run = promisify(execFile);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kinds-of-bert-'));
  await run(python, [join('test', 'training', 'kinds.py'), folder]);
  await run(python, [join('training', 'add_emoji.py'), join(folder, 'cased'), join(folder, 'cased with emoji')]);
});

it.each(['cased with emoji', 'multilingual', 'uncased with accents', 'whole words'])(
  'serves a %s base as it was trained, from vocab.txt to the answers',
  async (kind) => {
    const settings = {
      TRAINING_FILE: join(folder, 'reviews.csv'),
      BERT_PATH: join(folder, kind),
      CHECKPOINT_PATH: join(folder, 'checkpoints'),
      MODEL_PATH: join(folder, 'models', kind),
      MAX_LEN: '48',
      EPOCHS: '2',
      TRAIN_BATCH_SIZE: '16',
      LEARNING_RATE: '3e-3',
      TOLERANCE: '1',
      FLOOR: '0.1',
      THREADS: '1',
    };
    await run(python, [join('training', 'train.py')], { env: { ...process.env, ...settings } });

    const [version = ''] = await readdir(join(settings.MODEL_PATH, 'versions'));
    const made = join(settings.MODEL_PATH, 'versions', version);
    const { labels, maxTokens, temperature } = JSON.parse(await readFile(join(made, 'manifest.json'), 'utf8'));
    const tokenizerPath = join(made, 'tokenizer.json');
    const modelPath = join(made, 'model.onnx');
    const classifier = await loadClassifier(
      { modelPath, tokenizerPath, labels, maxTokens, temperature },
      { threads: 1 },
    );
    const tokenize = await loadTokenizer(tokenizerPath, maxTokens);
    const check = await checkGolden({ tokenize, classifier }, await readGolden(join(made, 'golden.json')));
    await classifier.release();
    expect(check).toMatchObject({
      passed: true,
      detail: expect.stringMatching(/^5\d\d golden texts: ids as in training/),
    });
  },
);
