// The requests of a part, while the current version changes.
import type { Context, Outcome } from '../campaign.ts';
import { findUnfollowed } from './asking.ts';
import { chooseRhythm, switchVersions } from './disturbances.ts';
import { type Load, sendAll } from './load.ts';

/** Sends the requests. `root` is the folder of the store. */
export async function sendWhileSwitching(load: Load, context: Context, root: string): Promise<Outcome> {
  const switching = switchVersions(chooseRhythm(context.count), { dist: context.dist, root });
  try {
    const { outcomes, findings, ...outcome } = await sendAll(load, context);
    const switches = await switching.stop();
    return {
      ...outcome,
      outcomes: { ...outcomes, switches },
      findings: [...findings, ...switching.findings, ...findUnfollowed(outcomes, switches)],
    };
  } finally {
    await switching.stop();
  }
}
