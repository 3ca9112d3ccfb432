// The record of a run, `NAME.run.json`: which file is scored by which execution with which model. It also reserves the name.
import { z } from 'zod';
import { FileError } from '../../layers/reader/index.ts';
import type { Objects } from './objects.ts';

const shape = z.looseObject({
  schema: z.literal(1),
  name: z.string(),
  /** Address of the Step Functions execution. */
  execution: z.string(),
  file: z.object({ name: z.string(), etag: z.string(), bytes: z.number() }),
  /** The version that scores every row. */
  model: z.string(),
  startedAt: z.iso.datetime(),
  /** Why the file cannot be used. Such a run does not keep its name. */
  refused: z.string().optional(),
});

/** The record of a run. */
export type Run = z.infer<typeof shape>;

/** Reads a record; undefined if there is none. */
export async function readRun(objects: Objects, key: string): Promise<(Run & { readonly etag: string }) | undefined> {
  const found = await objects.get(key);
  return found && { ...shape.parse(JSON.parse(found.content.toString())), etag: found.etag };
}

const write = (run: Run) => `${JSON.stringify(run, null, 2)}\n`;

/**
 * Reserves the name of a run. A repeat of the same execution gets the record that it wrote first, with the model that was
 * current then.
 *
 * @throws FileError if a run of another execution has the name, unless its file was refused.
 */
export async function reserveName(objects: Objects, key: string, run: Run): Promise<Run> {
  if (await objects.put(key, write(run), { ifAbsent: true })) return run;
  const found = await readRun(objects, key);
  if (found?.execution === run.execution) return found;
  const isFree = found?.refused !== undefined;
  if (isFree && (await objects.put(key, write(run), { ifMatch: found.etag }))) return run;
  throw new FileError(describeTaken(run.file.name, found ?? run));
}

/** Says what to do about a name that a run has already. */
export const describeTaken = (file: string, { name, startedAt }: Pick<Run, 'name' | 'startedAt'>): string =>
  `${file}: there is a run ${name} already, of ${startedAt}, and results are never overwritten; put the file under another name.`;

/** Writes into the record why the file cannot be used, which frees the name. */
export async function refuseRun(objects: Objects, key: string, execution: string, reason: string): Promise<void> {
  const found = await readRun(objects, key);
  if (found?.execution !== execution) return;
  const { etag, ...run } = found;
  await objects.put(key, write({ ...run, refused: reason }), { ifMatch: etag });
}
