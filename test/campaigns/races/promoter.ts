// A promoter's process: makes the versions that it is told of current, all at the same time.
import { considerVersion } from '../../../functions/promote/promotion.ts';
import { createVerdict } from '../../../functions/promote/verdict.ts';
import { type ModelStore, ModelStoreError, openModelStore } from '../../../layers/model-store/index.ts';
import { promote } from '../../../local/model-pointer.ts';

/** How a version becomes current: as by `npm run model -- promote --force`, or as by the promote function. */
export type Way = 'command' | 'function';

/** What came of a version: it became current, another promoter was first, or it was not to become current. */
export interface Promoted {
  readonly version: string;
  readonly outcome: 'won' | 'conflict' | 'older';
  /** The version that was current before, if this one won. */
  readonly previous?: string | undefined;
}

const ways: Readonly<Record<Way, (store: ModelStore, version: string) => Promise<Promoted>>> = {
  command: async (store, version) => {
    const said = await promote(store, version, { force: true });
    return { version, outcome: 'won', previous: / instead of (\S+)\.\n$/.exec(said)?.[1] };
  },
  function: async (store, version) => {
    const judge = async (name: string) => createVerdict({ version: name, champion: undefined, checks: [] }, new Date());
    const outcome = await considerVersion({ store, judge }, version);
    if (outcome.kind !== 'promoted') return { version, outcome: 'older' };
    return { version, outcome: 'won', previous: outcome.previous };
  },
};

/** Makes a version current, unless another promoter is first. */
export async function tryPromotion(store: ModelStore, version: string, way: Way): Promise<Promoted> {
  try {
    return await ways[way](store, version);
  } catch (error) {
    if (error instanceof ModelStoreError && error.conflict) return { version, outcome: 'conflict' };
    throw error;
  }
}

/** Follows the messages of a parent process. */
export function servePromotions(uri: string, way: Way): void {
  const store = openModelStore(uri);
  process.on('message', async ({ version }: { readonly version: string }) => {
    process.send?.(await tryPromotion(store, version, way));
  });
  process.on('disconnect', () => process.exit(0));
}
