import { readFileSync } from 'node:fs';
import { judgeReliability, loadTokenizer, type Tokenize } from '../../../layers/inference/index.ts';
import { samplePath } from './sample-model.ts';

let tokenize: Tokenize;

beforeAll(async () => {
  tokenize = await loadTokenizer(samplePath('tokenizer.json'), 512);
});

function judge(text: string) {
  const { ids, unknown } = tokenize(text);
  return judgeReliability(text, { tokens: ids.length, unknown });
}

type Sentences = Readonly<Record<string, readonly string[]>>;
const { first, second }: { first: Sentences; second: Sentences } = JSON.parse(
  readFileSync('bench/answers/sentences.json', 'utf8'),
);

describe.each([
  ['the sentences that the words were chosen on', first, 0.98],
  ['other sentences, in five more languages too', second, 0.93],
])('of %s', (_, sentences, share) => {
  it(`judges ${share * 100} % rightly`, () => {
    const judged = Object.entries(sentences).flatMap(([language, texts]) =>
      texts.map((text) => ({ language, text, right: (judge(text) === undefined) === language.startsWith('English') })),
    );
    const wrong = judged.filter(({ right }) => !right);
    expect({ wrong, enough: wrong.length <= judged.length * (1 - share) }).toMatchObject({ enough: true });
  });
});

it.each([
  ['a tweet', '@jess_k omg u have to see this lol!! #nofilter https://t.co/a1B2c3D4e5'],
  ['English without a function word', 'Solid build, lovely screen, poor speakers.'],
  ['an English sentence with foreign names', 'Die Zeit is my favourite newspaper in Hamburg.'],
  ['two words, too few to tell', 'Sehr gut'],
  ['a number', '42'],
  ['nothing', ''],
])('leaves %s reliable', (_, text) => {
  expect(judge(text)).toBeUndefined();
});

it.each([
  ['Greek', 'Δεν μου άρεσε.'],
  ['Arabic', 'فيلم جميل'],
  ['one word of another script', 'Отлично'],
  ['a German sentence with an English word', 'Das ist ein cooler Film und ich mag ihn.'],
])('says that the language is another: %s', (_, text) => {
  expect(judge(text)).toBe('language');
});

it('says that tokens are unknown when they are more than a third', () => {
  const text = 'It is good';
  expect(judgeReliability(text, { tokens: 9, unknown: 3 })).toBeUndefined();
  expect(judgeReliability(text, { tokens: 9, unknown: 4 })).toBe('unknown_tokens');
  expect(judge('𓀀 𓀁 𓀂')).toBeDefined();
});

it('judges the beginning of a long text', () => {
  expect(judge(`${'I like the film that we saw. '.repeat(80)}${'Das war nicht gut. '.repeat(100)}`)).toBeUndefined();
});
