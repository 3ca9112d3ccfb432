import { initPatience } from '../../../functions/predict/init-phase.ts';

it("stays below Lambda's ten seconds, counted from the start of the process", () => {
  expect(initPatience('on-demand', 400)).toBe(9100);
  expect(initPatience(undefined, 0)).toBeLessThan(10_000);
});

it('waits no more once the time is up', () => {
  expect(initPatience('on-demand', 20_000)).toBe(0);
});

it('takes the longer time that provisioned concurrency gives', () => {
  expect(initPatience('provisioned-concurrency', 0)).toBeGreaterThan(60_000);
});
