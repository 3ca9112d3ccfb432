/**
 * Looks into the files of a model for what this project's training never writes, and what could run without an end, fill the
 * memory or read other files. Promotion calls it before it opens a version, which whoever may publish could have written.
 * Serving does not: it takes what promotion has accepted, and its start would wait 2 ms more. See
 * docs/decisions/0084-damaged-and-malicious-versions.md.
 */
import { closeSync, fstatSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { asInferenceError, InferenceError } from './errors.ts';
import { createReader, type Field, type Reader } from './protobuf.ts';
import type { ModelSource } from './types.ts';

/** The fields of a message that matter: what to refuse them for, or the message that they hold. */
interface MessageRules {
  readonly [field: number]: string | MessageRules;
}

const subgraph = 'an operator with a graph inside (If, Loop, Scan), which may run without an end';
const sparse = 'sparse numbers, which take any memory once they are expanded';

// Field numbers of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.
const tensorRules = { 13: 'numbers in another file, which nobody has verified' };
const attributeRules = { 5: tensorRules, 6: subgraph, 10: tensorRules, 11: subgraph, 22: sparse, 23: sparse };
const graphRules = { 1: { 5: attributeRules }, 5: tensorRules, 15: sparse };
const modelRules: MessageRules = {
  7: graphRules,
  20: 'graphs for training',
  25: 'functions, whose copies in the graph take any memory',
};

/**
 * Inspects a model and its tokenizer.
 *
 * @throws InferenceError that names the file and all kinds of things that it must not have; or that it is not ONNX.
 */
export async function inspectModel({
  modelPath,
  tokenizerPath,
}: Pick<ModelSource, 'modelPath' | 'tokenizerPath'>): Promise<void> {
  const found = new Set(inspectGraph(modelPath));
  if (found.size > 0) throw new InferenceError(`the model ${modelPath} is refused: it has ${[...found].join('; ')}`);
  const slow = findSlowPatterns(await readTokenizer(tokenizerPath));
  if (slow.length === 0) return;
  throw new InferenceError(
    `the tokenizer ${tokenizerPath} is refused: a text could keep these patterns busy without an end: ${slow.join(', ')}`,
  );
}

function inspectGraph(path: string): string[] {
  try {
    const file = openSync(path, 'r');
    try {
      const reader = createReader(file, fstatSync(file).size);
      return [...findRefused(reader, reader.whole, modelRules)];
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw asInferenceError(`cannot read the model ${path}`, error);
  }
}

function* findRefused(
  reader: Reader,
  range: { readonly start: number; readonly end: number },
  rules: MessageRules,
): Generator<string> {
  for (const field of reader.listFields(range)) {
    const rule = rules[field.number];
    if (typeof rule === 'string') yield rule;
    else if (rule && field.delimited) yield* findRefused(reader, contentOf(field), rule);
  }
}

const contentOf = ({ value, end }: Field) => ({ start: value, end });

async function readTokenizer(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw asInferenceError(`cannot read the tokenizer ${path}`, error);
  }
}

/** Steps within steps that are looked at. Training writes two. */
const deepest = 16;

/** Lists the regular expressions of a tokenizer that take more than quadratic time for some texts, as far as one can see. */
function findSlowPatterns(value: unknown, left = deepest): string[] {
  if (typeof value !== 'object' || value === null) return [];
  if (left === 0) return ['too many steps within each other'];
  return Object.entries(value).flatMap(([name, inner]) => {
    // The vocabulary and the added tokens are no patterns.
    if (name === 'vocab' || name === 'merges' || name === 'added_tokens') return [];
    if (name === 'Regex' && typeof inner === 'string')
      return isSlow(inner) ? [JSON.stringify(inner.slice(0, 100))] : [];
    return findSlowPatterns(inner, left - 1);
  });
}

/**
 * Backtracking takes exponential time if a repeated group has alternatives or repetitions, and a power of the text's length
 * for each further repetition. So a group must not be repeated, nor more than one thing in each alternative, and nothing may be
 * referred back to.
 */
function isSlow(pattern: string): boolean {
  const plain = pattern.replace(/\\[^1-9k]/gs, 'c').replace(/\[[^\]]*\]/g, 'c');
  const repeated = (alternative: string) => alternative.match(/[*+]|\{\d+,\d*\}/g)?.length ?? 0;
  return /\)[*+{]|\\[1-9k]/.test(plain) || plain.split('|').some((alternative) => repeated(alternative) > 1);
}
