import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describePart, openDurations } from '../../bench/durations.ts';

test('the time left is that of the parts as far as it is known', () => {
  const parts = ['latency', 'load', 'size'] as const;
  expect(describePart(parts, 0, {})).toBe('latency (1 of 3); the time left is known after the first run.');
  expect(describePart(parts, 0, { latency: 61, load: 100, size: 18 })).toBe(
    'latency (1 of 3): about 60 s; in all about 3 min left.',
  );
  expect(describePart(parts, 1, { latency: 61, load: 40 })).toBe(
    'load (2 of 3): about 40 s; in all about 40 s and a part not measured here yet left.',
  );
});

test('durations are remembered by settings', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'durations-')), 'durations.json');
  openDurations(file, { quick: true }).remember('latency', 61.4);
  openDurations(file, { quick: true }).remember('load', 9.6);
  openDurations(file, { quick: false }).remember('load', 100);
  expect(openDurations(file, { quick: true }).known).toEqual({ latency: 61, load: 10 });
});
