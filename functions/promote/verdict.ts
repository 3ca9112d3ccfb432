import { z } from 'zod';
import {
  addDigest,
  findExcess,
  formatTime,
  hasOwnDigest,
  keyInVersion,
  type ModelStore,
  ModelStoreError,
  wrongDigest,
} from '../../layers/model-store/index.ts';
import type { Check } from './checks.ts';

const verdictShape = z
  .looseObject({
    schema: z.literal(1),
    version: z.string(),
    judgedAt: z.iso.datetime(),
    champion: z.string().nullable(),
    outcome: z.enum(['accepted', 'refused']),
    checks: z.array(z.looseObject({ name: z.string(), passed: z.boolean(), detail: z.string() })),
    // Older verdicts have none.
    digest: z.string().optional(),
  })
  .refine(hasOwnDigest, { path: ['digest'], message: wrongDigest })
  .refine(({ outcome, checks }) => outcome === decide(checks), {
    path: ['outcome'],
    message: 'is not what the checks say',
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
  const judgedAt = formatTime(now);
  const decided = { judgedAt, champion: champion ?? null, outcome: decide(checks), checks: [...checks] };
  return addDigest({ schema: 1, version, ...decided });
}

const decide = (checks: readonly Pick<Check, 'passed'>[]): 'accepted' | 'refused' =>
  checks.every(({ passed }) => passed) ? 'accepted' : 'refused';

const keyOf = (version: string) => keyInVersion(version, 'verdict.json');

/** Reads a version's verdict; undefined if it has not been judged. Throws `ModelStoreError` if the file cannot be read. */
export async function readVerdict(store: ModelStore, version: string): Promise<Verdict | undefined> {
  try {
    return parse((await store.readText(keyOf(version))).text, version, `${store.location}/${keyOf(version)}`);
  } catch (error) {
    if (error instanceof ModelStoreError && error.missing) return undefined;
    throw error;
  }
}

function parse(text: string, version: string, name: string): Verdict {
  try {
    const ofVersion = verdictShape.refine((verdict) => verdict.version === version, { path: ['version'] });
    const value: unknown = JSON.parse(text);
    const excess = findExcess(value);
    if (excess !== undefined) throw new Error(`it ${excess}`);
    return ofVersion.parse(value);
  } catch (cause) {
    throw new ModelStoreError(`${name} is no verdict of schema 1 about this version.`, { damaged: true, cause });
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
