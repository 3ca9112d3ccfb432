import { z } from 'zod';
import { formatTime, keyInVersion, type ModelStore, ModelStoreError } from '../../layers/model-store/index.ts';
import type { Check } from './checks.ts';

const verdictShape = z.looseObject({
  schema: z.literal(1),
  version: z.string(),
  judgedAt: z.iso.datetime(),
  champion: z.string().nullable(),
  outcome: z.enum(['accepted', 'refused']),
  checks: z.array(z.looseObject({ name: z.string(), passed: z.boolean(), detail: z.string() })),
});

/** `verdict.json`: see docs/model-artifact.md. */
export type Verdict = z.infer<typeof verdictShape>;

interface Judgement {
  readonly version: string;
  /** The version that was current; undefined if none was. */
  readonly champion: string | undefined;
  readonly checks: readonly Check[];
}

/** Creates a verdict from checks. One failed check refuses the version. */
export function createVerdict({ version, champion, checks }: Judgement, now: Date): Verdict {
  const outcome = checks.every(({ passed }) => passed) ? 'accepted' : 'refused';
  return { schema: 1, version, judgedAt: formatTime(now), champion: champion ?? null, outcome, checks: [...checks] };
}

const keyOf = (version: string) => keyInVersion(version, 'verdict.json');

/** Reads a version's verdict; undefined if it has not been judged. Throws `ModelStoreError` if the file cannot be read. */
export async function readVerdict(store: ModelStore, version: string): Promise<Verdict | undefined> {
  try {
    return parse((await store.readText(keyOf(version))).text, `${store.location}/${keyOf(version)}`);
  } catch (error) {
    if (error instanceof ModelStoreError && error.missing) return undefined;
    throw error;
  }
}

function parse(text: string, name: string): Verdict {
  try {
    return verdictShape.parse(JSON.parse(text));
  } catch (cause) {
    throw new ModelStoreError(`${name} is no verdict of schema 1 that can be read.`, { damaged: true, cause });
  }
}

/** Writes a verdict, unless one exists. Then it returns the existing one, which stays. */
export async function writeVerdict(store: ModelStore, verdict: Verdict): Promise<Verdict> {
  try {
    await store.writeText(keyOf(verdict.version), `${JSON.stringify(verdict, null, 2)}\n`, { ifAbsent: true });
    return verdict;
  } catch (error) {
    if (!(error instanceof ModelStoreError && error.conflict)) throw error;
    return (await readVerdict(store, verdict.version)) ?? verdict;
  }
}

/** The failed checks, for a person to read. */
export const describeRefusal = ({ checks }: Verdict): string =>
  checks
    .filter(({ passed }) => !passed)
    .map(({ name, detail }) => `${name}: ${detail}`)
    .join('; ');
