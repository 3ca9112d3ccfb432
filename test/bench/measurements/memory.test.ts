import { priceMillion } from '../../../bench/measurements/cost.ts';
import {
  createCostRows,
  createStartRows,
  createTimeRows,
  listSettings,
  type MemoryCase,
} from '../../../bench/measurements/memory.ts';
import { readConfiguration } from '../../../functions/predict/configuration.ts';

test('a memory setting has one processor per 1,769 MB, as Lambda gives them', () => {
  const settings = listSettings(false, 2);
  expect(settings.map(({ memoryMb }) => memoryMb)).toEqual([512, 1024, 1769, 2654, 3538]);
  expect(settings.map(({ at }) => at)).toContain('512 MB (0.29 processors)');
  expect(settings.find(({ memoryMb }) => memoryMb === 3538)?.processors).toBe(2);
});

test('the threads in the table are those that the function takes by default', () => {
  for (const { memoryMb, threads } of listSettings(false, 2)) {
    const environment = { MODEL_URI: 'file:/models', AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMb) };
    expect(readConfiguration(environment).threads).toBe(threads);
  }
});

test('settings with more processors than the machine has are left out, and a quick run measures three settings', () => {
  expect(listSettings(false, 1).map(({ memoryMb }) => memoryMb)).toEqual([512, 1024, 1769]);
  expect(listSettings(true, 2).map(({ memoryMb }) => memoryMb)).toEqual([512, 1769, 3538]);
});

const [small, large] = [0, 2].map((index) => listSettings(true, 2)[index]);
const measure = (setting: typeof small, tokens: number, [first, ...times]: readonly number[]): MemoryCase => {
  if (!setting || first === undefined) throw new Error('nothing was measured');
  return { ...setting, model: 'sample model', tokens, processes: [{ firstMs: first, times }] };
};
const cases = [measure(small, 25, [900, 5, 6, 7]), measure(large, 25, [200, 4, 4, 4]), measure(small, 139, [999, 30])];

test('warm answers and cold starts have rows by model and setting, cold starts for the short text only', () => {
  expect(createTimeRows(cases)).toMatchObject([
    { name: 'sample model, 25 tokens', at: '512 MB (0.29 processors)', unit: 'ms', p50: 6 },
    { name: 'sample model, 25 tokens', at: '3538 MB (2.00 processors)', unit: 'ms', p50: 4 },
    { name: 'sample model, 139 tokens', at: '512 MB (0.29 processors)', unit: 'ms', p50: 30 },
  ]);
  expect(createStartRows(cases)).toMatchObject([
    { name: 'sample model', at: '512 MB (0.29 processors)', p50: 900 },
    { name: 'sample model', at: '3538 MB (2.00 processors)', p50: 200 },
  ]);
});

test('the cost of a request depends on the memory setting', () => {
  const costs = createCostRows(cases);
  expect(costs.map(({ p50 }) => p50)).toEqual([priceMillion(6, 512), priceMillion(4, 3538), priceMillion(30, 512)]);
  expect(costs[0]).toMatchObject({ unit: 'dollars', min: priceMillion(5, 512), blocks: [priceMillion(6, 512)] });
});
