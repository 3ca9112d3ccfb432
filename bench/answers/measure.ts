// What docs/answers.md says about long texts, explanations and reliability, measured again with the sample model.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Command, Option } from 'commander';
import { parse } from 'csv-parse/sync';
import { readConfiguration } from '../../functions/predict/configuration.ts';
import { loadModel } from '../../layers/prediction/index.ts';
import { createLog } from '../../layers/telemetry/index.ts';
import { measureExplanations } from './explanations.ts';
import { measureLanguages } from './languages.ts';
import { measureLongTexts } from './long-texts.ts';
import type { Measure } from './subject.ts';

const measurements: Readonly<Record<string, Measure>> = {
  languages: measureLanguages,
  'long-texts': measureLongTexts,
  explanations: measureExplanations,
};

interface Options {
  readonly data: string;
  readonly limit: number;
  readonly model: string;
}

/** Measures and prints one table as Markdown. */
export async function measure({ root, args }: { root: string; args: readonly string[] }): Promise<void> {
  const command = new Command('npm run bench:answers --')
    .argument('<measurement>', `one of ${Object.keys(measurements).join(', ')}`)
    .addOption(new Option('--data <folder>', 'folder of imdb_valid.csv.gz and others').makeOptionMandatory())
    .option('--model <uri>', 'model store', `file:${join(root, 'models', 'sample')}`)
    .option('--limit <number>', 'most texts', Number, 500)
    .parse(args, { from: 'user' });
  const { data, limit, model: uri } = command.opts<Options>();
  const [name = ''] = command.args;
  const run = Object.hasOwn(measurements, name) ? measurements[name] : undefined;
  if (!run) return command.error(`There is no measurement ${name}.`);
  const configuration = readConfiguration({ ...process.env, MODEL_URI: uri });
  const { classifier, manifest } = await loadModel(configuration, { log: createLog({ level: 'error' }) });
  const readTexts = (file: string) => {
    const rows: { review: string; sentiment: string }[] = parse(
      gunzipSync(readFileSync(join(data, `${file}.csv.gz`))),
      { columns: true },
    );
    return rows.map(({ review, sentiment }) => ({ text: review.replaceAll('<br />', ' '), sentiment }));
  };
  const table = await run({ root, classifier, limit, readTexts });
  process.stdout.write(`Version ${manifest.version}.\n\n${table.map((row) => `| ${row.join(' | ')} |\n`).join('')}`);
  await classifier.release();
}
