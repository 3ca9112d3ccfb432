import { readJudgingConfiguration } from '../../functions/promote/configuration.ts';
import { judgeVersion } from '../../functions/promote/judgement.ts';
import { readVerdict, type Verdict, writeVerdict } from '../../functions/promote/verdict.ts';
import { type ModelStore, readPointerState } from '../../layers/model-store/index.ts';
import { layOut } from './facts.ts';

/** What came of judging, for a person. */
export interface Judged {
  readonly text: string;
  readonly accepted: boolean;
}

/** A verdict is written once: the first stands, whatever a later run finds. */
async function keep(store: ModelStore, verdict: Verdict): Promise<string> {
  const standing = await readVerdict(store, verdict.version);
  if (standing) return `It has a verdict already, which stays: ${standing.outcome} at ${standing.judgedAt}.\n`;
  await writeVerdict(store, verdict);
  return `Written to ${store.location}/versions/${verdict.version}/verdict.json.\n`;
}

/** Runs the checks of functions/promote on this machine, against the current version if it is another one. */
export async function verify(
  store: ModelStore,
  version: string,
  { write }: { readonly write: boolean },
): Promise<Judged> {
  const { pointer } = await readPointerState(store);
  const champion = pointer?.version === version ? undefined : pointer?.manifest;
  const configuration = readJudgingConfiguration(process.env);
  const verdict = await judgeVersion({ store, configuration }, version, champion);
  const rows = verdict.checks.map(({ name, passed, detail }) => [
    passed ? 'passed' : 'failed',
    String(name),
    String(detail),
  ]);
  const summary = `${version}: ${verdict.outcome}, against ${champion?.version ?? 'no other version'}.\n`;
  const kept = write ? await keep(store, verdict) : '';
  return { text: layOut(rows) + summary + kept, accepted: verdict.outcome === 'accepted' };
}
