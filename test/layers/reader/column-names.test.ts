// Scoring, the page and training take the same names of columns. They share no file: the page is one of a browser, training is Python.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { textColumns } from '../../../functions/predict/page/browser/csv.ts';
import { labelNames, textNames } from '../../../layers/reader/columns.ts';
import { binaries } from '../../python.mjs';

it('are the same in scoring, on the page and in training', () => {
  const code =
    'import json; from data.columns import LABEL_NAMES, TEXT_NAMES; print(json.dumps([TEXT_NAMES, LABEL_NAMES]))';
  const printed = execFileSync(join(binaries, 'python'), ['-c', code], { cwd: 'training', encoding: 'utf8' });
  expect(JSON.parse(printed)).toEqual([textNames, labelNames]);
  expect(textColumns).toEqual(textNames);
});
