// The flags that say how a user's file is read, the same for every command that reads one.
import type { Command } from 'commander';
import { findTextFault } from '../layers/prediction/index.ts';
import { checkEncoding, parseDelimiter, parseLabels, type ReaderOptions, schemeNames } from '../layers/reader/index.ts';
import { UsageError } from './command-line.ts';

/** The flags as they are given. */
export interface ReaderFlags {
  readonly textColumn?: string;
  readonly labelColumn?: string;
  /** false: the file is read as one without labels. */
  readonly labels?: string | false;
  readonly delimiter?: string;
  readonly encoding?: string;
  readonly strict?: boolean;
}

/** Adds the flags to a command. docs/data.md explains them. */
export const addReaderFlags = (command: Command): Command =>
  command
    .option('--text-column <name>', 'column with the text (default: review, text, sentence, tweet or content)')
    .option('--label-column <name>', 'column with the label (default: sentiment, label or polarity)')
    .option('--labels <meaning>', `what labels mean: ${schemeNames}, or pairs such as 4=positive,0=negative`)
    .option('--delimiter <character>', 'comma, semicolon, tab or another character (default: found in the file)')
    .option('--encoding <name>', 'encoding of a file without byte order mark (default: utf-8)')
    .option('--strict', 'refuse a file with a single faulty row (default: with more than 1 %)');

const isBlank = (text: string) => findTextFault(text) === 'SENTENCE_BLANK';

/** Reads the flags. @throws UsageError with a sentence for each flag that cannot be used. */
export function parseReaderFlags(flags: ReaderFlags): ReaderOptions {
  const { textColumn = '', encoding = '', strict = false } = flags;
  const labelColumn = flags.labels === false ? undefined : (flags.labelColumn ?? '');
  const labels = parseLabels(flags.labels || '');
  const delimiter = parseDelimiter(flags.delimiter ?? '');
  const problems = [
    typeof labels === 'string' ? labels : undefined,
    delimiter === undefined
      ? `--delimiter ${flags.delimiter}: give comma, semicolon, tab or one character but a quote.`
      : undefined,
    checkEncoding(encoding),
  ].filter((problem) => problem !== undefined);
  if (problems.length > 0 || typeof labels === 'string' || delimiter === undefined)
    throw new UsageError(problems.join('\n'));
  return { textColumn, labelColumn, labels, delimiter, encoding, isBlank, strict };
}
