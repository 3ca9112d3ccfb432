// One process of a pool: loads the classifier, then answers one text at a time.
import { type Classifier, loadClassifier } from '../layers/inference/index.ts';
import type { Order, Report, Start } from './pool/protocol.ts';

let classifier: Classifier | undefined;

async function start({ source, threads }: Start): Promise<Report> {
  classifier = await loadClassifier(source, { threads });
  return { ready: true };
}

async function classify(text: string): Promise<Report> {
  if (!classifier) throw new Error('asked for an answer before the model was loaded');
  return { classification: await classifier.classify(text) };
}

async function carryOut(order: Order): Promise<Report> {
  try {
    return await ('start' in order ? start(order.start) : classify(order.text));
  } catch (error) {
    return { failure: error instanceof Error ? error.message : String(error) };
  }
}

process.on('message', (order: Order) => {
  carryOut(order).then((report) => process.send?.(report));
});
process.on('disconnect', () => process.exit(0));
// Ctrl-C goes to every process of the terminal, but a request may be in flight: the parent says when to end.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => undefined);
