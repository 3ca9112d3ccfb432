import { loadClassifier, touchMemory, warmRuntime } from '../../../layers/inference/index.ts';
import { sampleSource } from './sample-model.ts';

it('makes memory ready once in a process', async () => {
  await warmRuntime();
  const first = touchMemory(110 << 20);
  expect(touchMemory(1)).toBe(first);
  await first;
  expect(process.resourceUsage().maxRSS).toBeGreaterThan(54 << 10); // KiB
});

it('changes no answer', async () => {
  const classifier = await loadClassifier(sampleSource(), { threads: 1 });
  const { probabilities } = await classifier.classify('warm and funny');
  expect(probabilities.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1);
  await classifier.release();
});
