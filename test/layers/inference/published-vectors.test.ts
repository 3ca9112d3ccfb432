import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadTokenizer } from '../../../layers/inference/tokenizer.ts';
import { samplePath } from './sample-model.ts';

/** One vector of the tests that BERT and the Hugging Face libraries were published with. */
interface Vector {
  readonly source: string;
  readonly vocab?: readonly string[] | 'bert-base-uncased';
  readonly lower?: boolean;
  readonly text: string;
  readonly tokens: readonly string[];
}

// The vectors belong to other projects. PUBLISHED_VECTORS names their file; the default is the folder of shared data.
const path = process.env.PUBLISHED_VECTORS ?? join('..', 'shared', 'data', 'wordpiece_published_vectors.jsonl');
const vectors: readonly Vector[] = existsSync(path)
  ? readFileSync(path, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
  : [];
const published = JSON.parse(readFileSync(samplePath('tokenizer.json'), 'utf8'));
/** BERT's own, without what the sample folds before it. */
const normalizer = published.normalizer.normalizers.find(({ type }: { type: string }) => type === 'BertNormalizer');
const special = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];

/**
 * The sample's tokenizer with the vector's vocabulary. A vector without one tests how words are split; its tokens are
 * the vocabulary.
 */
function describeTokenizer({ vocab = [], lower = true, tokens }: Vector) {
  if (vocab === 'bert-base-uncased') return published;
  const words = [...new Set([...special, ...vocab, ...(vocab.length > 0 ? [] : tokens)])];
  const ids = Object.fromEntries(words.map((word, id) => [word, id]));
  const idOf = (token: string) => ({ id: token, ids: [ids[token]], tokens: [token] });
  return {
    ...published,
    // The sample's emoji are no tokens of a vector.
    added_tokens: published.added_tokens
      .filter(({ content }: { content: string }) => special.includes(content))
      .map((token: { content: string }) => ({ ...token, id: ids[token.content] })),
    normalizer: { ...normalizer, lowercase: lower, strip_accents: null },
    post_processor: { ...published.post_processor, special_tokens: { '[CLS]': idOf('[CLS]'), '[SEP]': idOf('[SEP]') } },
    model: { ...published.model, vocab: ids },
  };
}

async function findTokens(vector: Vector): Promise<string[]> {
  const described = describeTokenizer(vector);
  const file = join(await mkdtemp(join(tmpdir(), 'vector-')), 'tokenizer.json');
  await writeFile(file, JSON.stringify(described));
  const { ids } = (await loadTokenizer(file, Number.MAX_SAFE_INTEGER))(vector.text);
  const words = Object.keys(described.model.vocab);
  const byId = new Map(words.map((word) => [described.model.vocab[word], word]));
  return ids.slice(1, -1).map((id) => byId.get(id) ?? `no token ${id}`);
}

const withoutEnds = (tokens: readonly string[]) => tokens.filter((token) => token !== '[CLS]' && token !== '[SEP]');

// Jest counts them as skipped if the file is absent.
const test = vectors.length > 0 ? it.each([...vectors]) : it.skip.each([{ source: path, text: 'absent', tokens: [] }]);
test('$source: $text', async (vector: Vector) => {
  expect(await findTokens(vector)).toEqual(withoutEnds(vector.tokens));
});
