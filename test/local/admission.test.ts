import { jest } from '@jest/globals';
import { type Arrival, createAdmission, maxWaiting } from '../../local/admission.ts';
import { createRecord } from '../functions/predict/tiny-service.ts';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

/** An admission whose requests note what happens to them. */
function create(capacity: number) {
  const { lines, log } = createRecord();
  const admission = createAdmission({ capacity, log, now: Date.now });
  const started: string[] = [];
  const refused: string[] = [];
  const createArrival = (name: string): Arrival => ({
    start: () => void started.push(name),
    refuse: () => void refused.push(name),
  });
  const enter = (...names: string[]) => {
    for (const name of names) admission.enter(createArrival(name));
  };
  return { admission, started, refused, enter, createArrival, lines };
}

const count = (length: number) => Array.from({ length }, (_, index) => String(index));

it('starts requests until there is no room, and the others in the order of arrival', () => {
  const { admission, started, enter } = create(2);
  enter('a', 'b', 'c', 'd');
  expect(started).toEqual(['a', 'b']);
  expect(admission.counts()).toEqual({ admitted: 2, waiting: 2, refused: 0 });
  admission.leave();
  enter('e');
  admission.leave();
  expect(started).toEqual(['a', 'b', 'c', 'd']);
});

it('refuses late requests at a limited pace, the oldest first', () => {
  const { refused, enter } = create(1);
  enter(...count(100));
  jest.advanceTimersByTime(40);
  expect(refused).toEqual([]);
  jest.advanceTimersByTime(20);
  expect(refused).toEqual(['1', '2', '3', '4']);
  jest.advanceTimersByTime(20);
  expect(refused).toHaveLength(8);
});

it('refuses a long line faster', () => {
  const { refused, enter } = create(1);
  enter(...count(4001));
  jest.advanceTimersByTime(60);
  expect(refused).toHaveLength(16);
  jest.advanceTimersByTime(20_000);
  expect(refused).toHaveLength(4000);
});

it('prefers a request that has just arrived to one that would be answered late', () => {
  const { admission, started, enter } = create(3);
  enter('a', 'b', 'c', 'late');
  jest.advanceTimersByTime(50);
  enter('fresh');
  admission.leave();
  expect(started).toEqual(['a', 'b', 'c', 'fresh']);
});

it('starts late requests before the workers have nothing to do', () => {
  const { admission, started, enter } = create(4);
  enter('a', 'b', 'c', 'd', 'late', 'later');
  jest.advanceTimersByTime(50);
  admission.leave();
  admission.leave();
  expect(started).toHaveLength(4);
  admission.leave();
  expect(started.slice(4)).toEqual(['later']);
});

it('forgets a request whose client has gone', () => {
  const { admission, started, refused, enter, createArrival } = create(1);
  enter('a');
  const [gone, goneLater] = [createArrival('gone'), createArrival('gone later')];
  admission.enter(gone);
  admission.enter(goneLater);
  admission.abandon(gone);
  jest.advanceTimersByTime(50);
  enter('b');
  admission.abandon(goneLater);
  admission.leave();
  expect([started, refused]).toEqual([['a', 'b'], []]);
});

it('keeps no more than a bounded number of requests waiting', () => {
  const { admission, refused, enter } = create(1);
  enter(...count(maxWaiting + 3));
  expect(admission.counts()).toEqual({ admitted: 1, waiting: maxWaiting, refused: 2 });
  expect(refused).toEqual(['1', '2']);
});

it('counts refusals in one log line a second', () => {
  const { lines, enter } = create(1);
  enter(...count(21));
  jest.advanceTimersByTime(1000);
  jest.advanceTimersByTime(5000);
  expect(lines).toEqual([
    expect.objectContaining({ level: 'warn', message: 'requests refused', count: 20, admitted: 1, waiting: 0 }),
  ]);
});

it('counts a refusal by the queue of texts in the same line', () => {
  const { admission, lines, enter } = create(2);
  enter('a list');
  admission.countRefusal();
  admission.leave();
  jest.advanceTimersByTime(5000);
  expect(lines).toEqual([expect.objectContaining({ message: 'requests refused', count: 1, admitted: 0 })]);
  expect(admission.counts()).toEqual({ admitted: 0, waiting: 0, refused: 1 });
  expect(jest.getTimerCount()).toBe(0);
});
