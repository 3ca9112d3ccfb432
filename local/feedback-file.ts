// The file that `npm start -- --feedback FILE` appends feedback to.
import { closeSync, openSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import type { FeedbackOptions } from '../functions/predict/feedback-stream.ts';
import { UsageError } from './command-line.ts';

/**
 * Opens a file for feedback, which may hold texts: the file is on the operator's own machine. A line is written in one call, so
 * that no two of them mix.
 *
 * @throws UsageError if the file cannot be written.
 */
export function openFeedbackFile(path: string): FeedbackOptions {
  try {
    closeSync(openSync(path, 'a', 0o600));
  } catch (error) {
    throw new UsageError(`--feedback ${path} cannot be written (${error instanceof Error ? error.message : error}).`);
  }
  return { keep: (feedback) => appendFile(path, `${JSON.stringify(feedback)}\n`), texts: true };
}
