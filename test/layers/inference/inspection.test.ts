import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspectModel } from '../../../layers/inference/index.ts';
import { maliciousModels } from '../../campaigns/corruption/malicious-models.ts';
import { samplePath } from './sample-model.ts';
import { writeTinyModel } from './tiny-model.ts';

const tokenizerPath = samplePath('tokenizer.json');

async function writeFileNamed(name: string, content: Buffer | string): Promise<string> {
  const path = join(await mkdtemp(join(tmpdir(), 'inspection-')), name);
  await writeFile(path, content);
  return path;
}

it('lets the sample model pass, and its tokenizer with its patterns', async () => {
  await inspectModel({ modelPath: samplePath('model.onnx'), tokenizerPath });
  await inspectModel({ modelPath: await writeTinyModel({ input_ids: [[0, 1]] }), tokenizerPath });
});

it.each([
  ['weights from above the folder', /numbers in another file/],
  ['weights from the tokenizer', /numbers in another file/],
  ['a constant from another file', /numbers in another file/],
  ['a loop without an end', /an operator with a graph inside/],
  ['functions that call each other', /functions, whose copies in the graph take any memory/],
  ['sparse weights', /sparse numbers/],
  ['a file that is cut off', /^cannot read the model .*model\.onnx: byte \d+ begins no field/],
])('refuses %s', async (name, reason) => {
  const modelPath = await writeFileNamed('model.onnx', maliciousModels[name] ?? '');
  const refusal = inspectModel({ modelPath, tokenizerPath });
  await expect(refusal).rejects.toMatchObject({ name: 'InferenceError', message: expect.stringMatching(reason) });
  await expect(refusal).rejects.toThrow(modelPath);
});

const inspectPattern = async (pattern: string) => {
  const content = JSON.stringify({ normalizer: { type: 'Replace', pattern: { Regex: pattern }, content: '' } });
  const path = await writeFileNamed('tokenizer.json', content);
  return inspectModel({ modelPath: samplePath('model.onnx'), tokenizerPath: path });
};

it.each(['(a+)+$', '(?:a|a)*b', '(a*){2,}', '.*.*=', '\\d+\\d+x', '(a)\\1', '[a-z]+x|[)]*b+c'])(
  'refuses the pattern %s, which some texts keep busy',
  async (pattern) => {
    await expect(inspectPattern(pattern)).rejects.toThrow(
      /tokenizer\.json is refused: a text could keep these patterns/,
    );
  },
);

it.each(['[+*]{2}', '\\(\\)\\*x+', '(?:https?://|www\\.)[!-~]+', 'a+|b*|[c)]{2,}'])(
  'accepts the pattern %s',
  inspectPattern,
);
