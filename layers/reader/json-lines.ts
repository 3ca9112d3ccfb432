// Files of JSON lines: one object on each line, one column for each key.
import type { FileRecord } from './dialect.ts';
import { trim } from './text-file.ts';

/** Returns the keys of the objects on these lines, in the order in which they appear. */
export const listKeys = (sample: readonly string[]): string[] => [
  ...new Set(sample.flatMap((line) => Object.keys(parseObject(line) ?? {}))),
];

/** Reads one record from each line that is not blank, with the values of these keys. A missing one is empty. */
export async function* readObjects(lines: AsyncIterable<string>, names: readonly string[]): AsyncGenerator<FileRecord> {
  let line = 0;
  for await (const text of lines) {
    line += 1;
    if (trim(text) === '') continue;
    const found = parseObject(text);
    if (found)
      yield { line, lines: 1, cells: names.map((name) => showValue(Object.hasOwn(found, name) ? found[name] : null)) };
    else yield { line, lines: 1, cells: [], fault: 'no JSON object' };
  }
}

function parseObject(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const found: unknown = JSON.parse(line);
    return typeof found === 'object' && found !== null && !Array.isArray(found) ? { ...found } : undefined;
  } catch {
    return undefined;
  }
}

function showValue(value: unknown): string {
  if (typeof value === 'string') return value;
  return value === undefined || value === null ? '' : JSON.stringify(value);
}
