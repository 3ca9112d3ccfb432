import { createLog } from '../../layers/telemetry/index.ts';
import { createApp } from './app.ts';
import type { ModelProvider } from './current-model.ts';

/**
 * Answers one request of nobody's. Much of Node and of the libraries is loaded by the first request that needs it (20 ms); while
 * the model's bytes arrive there is time for that. The request asks about nothing, so that it needs no model and is refused.
 */
export async function warmUp(models: ModelProvider): Promise<void> {
  const log = createLog({ level: 'error', write: () => undefined });
  await createApp({ models, log }).request('/predict');
}
