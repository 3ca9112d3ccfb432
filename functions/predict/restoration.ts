// SnapStart: each environment begins as a copy of one process that has loaded its model. What must differ between copies, or
// be newer than the snapshot, is made before a copy's first request: docs/decisions/0079-snapshots-of-the-loaded-model.md.
import type { ReadableStore } from '../../layers/model-store/index.ts';
import type { ModelProvider } from '../../layers/prediction/index.ts';
import type { Handler } from './handler.ts';
import { withTimeout } from './timeout.ts';

/** Milliseconds that the first request waits for the look at the pointer, and for another version if there is one. */
const lookMs = 15_000;

interface Restored {
  readonly store: Pick<ReadableStore, 'reconnect'>;
  readonly models: Pick<ModelProvider, 'refresh'>;
  /** Counts the start of the environment. */
  readonly recordStart: () => void;
}

/**
 * Wraps the handler of a function with SnapStart. Lambda takes the snapshot before any request, so that the first request of a
 * process is the first one after its restoration. It gets new connections and credentials and looks at `current.json`, before it
 * is answered.
 */
export function createRestoredHandler(answer: Handler, { store, models, recordStart }: Restored): Handler {
  let restoring: Promise<unknown> | undefined;
  const restore = () => {
    store.reconnect();
    recordStart();
    return withTimeout(lookMs, models.refresh());
  };
  return async (event, context) => {
    restoring ??= restore();
    await restoring;
    return answer(event, context);
  };
}
