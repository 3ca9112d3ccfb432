// Ways to tell whether a text is English: the service's, the vocabulary alone, and language detectors from npm.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { judgeReliability, type TokenCount } from '../../layers/inference/index.ts';
import { mean, median } from '../statistics.ts';
import type { Subject } from './subject.ts';

/** Says whether a text is English. */
type IsEnglish = (text: string, count: TokenCount) => boolean;
type Scores = readonly (readonly [language: string, score: number])[];

/** A package below bench/node_modules. */
interface Detector {
  readonly path: string;
  open(url: string): Promise<IsEnglish>;
}

/** Of the score of the likeliest language, English must have as much. Closer to 1, tweets are missed. */
const enough = 0.8;

const isEnglishBy = (english: string, detect: (text: string) => Scores): IsEnglish => {
  return (text) => {
    const scores = detect(text.replace(/https?:\/\/\S+|[@#]\S+/g, ' '));
    const best = Math.max(0, ...scores.map(([, score]) => score));
    return best === 0 || (scores.find(([language]) => language === english)?.[1] ?? 0) >= enough * best;
  };
};

const detectors: Readonly<Record<string, Detector>> = {
  'tinyld 1.3.4, light': {
    path: 'tinyld/dist/tinyld.light.node.mjs',
    open: async (url) => {
      const module: { detectAll(text: string): { lang: string; accuracy: number }[] } = await import(url);
      return isEnglishBy('en', (text) => module.detectAll(text).map(({ lang, accuracy }) => [lang, accuracy]));
    },
  },
  'franc-min 6.2.0': {
    path: 'franc-min/index.js',
    open: async (url) => {
      const module: { francAll(text: string, options: object): Scores } = await import(url);
      return isEnglishBy('eng', (text) =>
        module.francAll(text, { minLength: 3 }).filter(([language]) => language !== 'und'),
      );
    },
  },
  'eld 2.1.0, extra small': {
    path: 'eld/src/entries/static.extrasmall.js',
    open: async (url) => {
      const { eld }: { eld: { detect(text: string): { getScores(): Record<string, number> } } } = await import(url);
      return isEnglishBy('en', (text) => Object.entries(eld.detect(text).getScores()));
    },
  },
  'eld 2.1.0, small': {
    path: 'eld/src/entries/static.small.js',
    open: async (url) => {
      const { eld }: { eld: { detect(text: string): { getScores(): Record<string, number> } } } = await import(url);
      return isEnglishBy('en', (text) => Object.entries(eld.detect(text).getScores()));
    },
  },
};

const isEnglishByVocabulary: IsEnglish = (text, { tokens }) => {
  const words = text.match(/[\p{L}\p{N}]+/gu)?.length ?? 0;
  const marks = text.match(/[^\s\p{L}\p{M}\p{N}]/gu)?.length ?? 0;
  return words < 3 || tokens - 2 - marks < 1.6 * words;
};

type Sentences = Readonly<Record<'first' | 'second', Readonly<Record<string, readonly string[]>>>>;

/** Compares the ways on own sentences and on real English. */
export async function measureLanguages({ root, classifier, limit, readTexts }: Subject): Promise<string[][]> {
  const sentences: Sentences = JSON.parse(readFileSync(join(root, 'bench', 'answers', 'sentences.json'), 'utf8'));
  const english = ['semeval2013_2016_train', 'sst2_train_sentences'].map((name) => {
    const texts = readTexts(name);
    return texts.filter((_, index) => index % Math.ceil(texts.length / limit) === 0).map(({ text }) => text);
  });
  const texts = [...Object.values(sentences).flatMap((part) => Object.values(part).flat()), ...english.flat()];
  const none = { tokens: 0, unknown: 0 };
  const counted = await classifier.countTokens(texts);
  const counts = new Map(
    texts.map((text, index) => {
      const { tokens, unknown } = counted[index] ?? none;
      return [text, { tokens: tokens + 2, unknown }];
    }),
  );
  const measureWay = (isEnglish: IsEnglish): string[] => {
    const shareRight = (list: readonly string[], expected: boolean) =>
      mean(list.map((text) => Number(isEnglish(text, counts.get(text) ?? none) === expected)));
    const shareOf = (part: keyof Sentences, expected: boolean) =>
      shareRight(
        Object.entries(sentences[part]).flatMap(([name, list]) =>
          name.startsWith('English') === expected ? list : [],
        ),
        expected,
      );
    const started = performance.now();
    const shares = [
      ...(['first', 'second'] as const).flatMap((part) => [shareOf(part, true), shareOf(part, false)]),
      ...english.map((list) => shareRight(list, true)),
    ];
    const microseconds = ((performance.now() - started) * 1000) / texts.length;
    return [...shares.map((share) => `${(share * 100).toFixed(1)} %`), microseconds.toFixed(0)];
  };
  const own: IsEnglish = (text, tokens) => judgeReliability(text, tokens) !== 'language';
  const rows = [
    ['**function words, as served**', '2', '0', ...measureWay(own)],
    ['vocabulary alone', '0', '0', ...measureWay(isEnglishByVocabulary)],
  ];
  for (const [name, { path, open }] of Object.entries(detectors)) {
    const file = join(root, 'bench', 'node_modules', path);
    const url = pathToFileURL(file).href;
    rows.push([name, await measureSize(file), measureLoad(url), ...measureWay(await open(url))]);
  }
  const header = ['way', 'kB', 'ms to load', 'English', 'others', 'English, second', 'others, second'];
  const titles = [...header, 'real tweets', 'SST-2', 'µs a text'];
  return [titles, ['---', ...titles.slice(1).map(() => '---:')], ...rows];
}

/** Kilobytes in a bundle. */
async function measureSize(file: string): Promise<string> {
  const options = { bundle: true, minify: true, write: false, format: 'esm', platform: 'node' } as const;
  const { outputFiles } = await build({ entryPoints: [file], ...options });
  return ((outputFiles[0]?.contents.length ?? 0) / 1000).toFixed(0);
}

/** Milliseconds of the import in a fresh process: the middle of five. */
function measureLoad(url: string): string {
  const code = `const start = performance.now(); await import(${JSON.stringify(url)}); console.log(performance.now() - start);`;
  const load = () =>
    Number(spawnSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' }).stdout);
  return median(Array.from({ length: 5 }, load)).toFixed(0);
}
