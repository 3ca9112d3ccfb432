import { existsSync } from 'node:fs';
import { createProcessorLimit } from '../../bench/processor-limit.ts';

test('a limit that the system refuses is an error that names the requirements, and leaves no control group', () => {
  // No system accepts a limit of zero, not even from root.
  expect(() => createProcessorLimit(0)).toThrow(
    'processor time can be limited by root and Linux control groups only (',
  );
  for (const folder of ['/sys/fs/cgroup', '/sys/fs/cgroup/cpu'])
    expect(existsSync(`${folder}/bench-${process.pid}`)).toBe(false);
});
