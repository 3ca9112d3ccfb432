// One process of a pool: loads the classifier, then answers texts.
import { type Classifier, loadClassifier } from '../layers/inference/index.ts';
import type { WorkerRequest, WorkerResponse, WorkerStart } from './worker-process.ts';

let classifier: Classifier | undefined;

async function start({ source, ...options }: WorkerStart): Promise<WorkerResponse> {
  classifier = await loadClassifier(source, options);
  return { ready: true };
}

async function classify(text: string): Promise<WorkerResponse> {
  if (!classifier) throw new Error('asked for an answer before the model was loaded');
  return { classification: await classifier.classify(text) };
}

async function handle(request: WorkerRequest): Promise<WorkerResponse> {
  try {
    return await ('start' in request ? start(request.start) : classify(request.text));
  } catch (error) {
    return { failure: error instanceof Error ? error.message : String(error) };
  }
}

process.on('message', (request: WorkerRequest) => {
  handle(request).then((response) => process.send?.({ id: request.id, ...response }));
});
process.on('disconnect', () => process.exit(0));
// Ctrl-C reaches every process of the terminal. A request may be in flight, so the parent decides when this process ends.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => undefined);
