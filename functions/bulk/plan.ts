// What the first step of a run leaves for the others: the plan, and the rows of each batch.
import { z } from 'zod';
import type { Fault } from '../../layers/reader/index.ts';
import type { Objects } from './objects.ts';

const planShape = z.object({
  schema: z.literal(1),
  name: z.string(),
  startedAt: z.iso.datetime(),
  model: z.string(),
  /** Classes of the model, in alphabetical order. */
  classes: z.array(z.string()),
  /** Columns of the file, and the place of the text among them. */
  columns: z.object({ names: z.array(z.string()), text: z.number() }),
  rows: z.number(),
  batches: z.number(),
  /** Milliseconds that the first step took. */
  splitMs: z.number(),
});

/** What the steps of a run share. */
export type Plan = z.infer<typeof planShape>;

/** A row of the file. */
export interface PlannedRow {
  readonly cells: readonly string[];
  readonly fault?: Fault | undefined;
}

export const writePlan = (objects: Objects, key: string, plan: Plan): Promise<boolean> =>
  objects.put(key, JSON.stringify(plan));

/** Reads an object that an earlier step wrote. */
async function readWork(objects: Objects, key: string): Promise<string> {
  const found = await objects.get(key);
  if (found) return found.content.toString();
  throw new Error(`s3://${objects.bucket}/${key} is missing; it may have expired. Put the file under another name.`);
}

export const readPlan = async (objects: Objects, key: string): Promise<Plan> =>
  planShape.parse(JSON.parse(await readWork(objects, key)));

/** One line of JSON: U+2028 and other ends of lines that JSON does not escape are no ends of lines here. */
export const formatRow = ({ cells, fault }: PlannedRow): string => `${JSON.stringify({ cells, fault })}\n`;

export const readRows = async (objects: Objects, key: string): Promise<PlannedRow[]> =>
  (await readWork(objects, key))
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as PlannedRow);
