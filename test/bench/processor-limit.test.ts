import { existsSync } from 'node:fs';
import { createProcessorLimit } from '../../bench/processor-limit.ts';

test('a limit that the system refuses is told with what it takes, and leaves no group behind', () => {
  // No system gives a group no time at all, neither root nor anybody else.
  expect(() => createProcessorLimit(0)).toThrow(
    'processor time can be limited by root and Linux control groups only (',
  );
  for (const folder of ['/sys/fs/cgroup', '/sys/fs/cgroup/cpu'])
    expect(existsSync(`${folder}/bench-${process.pid}`)).toBe(false);
});
