// A campaign whose parts break what they promise, for the tests of the frame.
import { spawn } from 'node:child_process';

const part = (name, run) => ({ name, unit: 'cases', short: 10, parallel: true, run });

export const campaign = {
  name: 'planted',
  summary: 'Finds what was planted.',
  parts: [
    part('sound', async ({ count, seed, advance }) => {
      advance(count);
      return { count, outcomes: { right: count, [`seed ${seed}`]: 1 }, findings: [] };
    }),
    part('wrong', async ({ count }) => ({ count, outcomes: { wrong: count }, findings: ['One is not two.'] })),
    part('crash', async ({ advance }) => {
      advance(3);
      await new Promise((resolve) => setTimeout(resolve, 600));
      advance(4);
      throw new Error('planted');
    }),
    part('orphan', async () => {
      spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)'], { stdio: 'inherit' });
      throw new Error('planted');
    }),
    part('rejection', () => {
      Promise.reject(new Error('nobody handles this'));
      return new Promise(() => undefined);
    }),
    part('endless', ({ count, signal, advance }) => {
      setInterval(() => advance(0), 50);
      const outcome = { count: count - 1, outcomes: {}, findings: [] };
      return new Promise((resolve) => signal.addEventListener('abort', () => resolve(outcome)));
    }),
  ],
};
