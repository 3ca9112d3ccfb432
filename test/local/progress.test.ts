import { readCount } from '../../local/progress.ts';

describe('a line of the log', () => {
  it('with the event progress is a count', () => {
    const line =
      '{"time":"2026-11-23T08:15:00+00:00","event":"progress","stage":"epoch 1","done":3,"total":10,"seconds_left":70}';
    expect(readCount(line)).toEqual({ event: 'progress', stage: 'epoch 1', done: 3, total: 10, seconds_left: 70 });
  });

  it.each(['Downloading', '{"event":"evaluated","accuracy":0.9}', '{"event":"progress"}', '{broken'])(
    'without it is no count: %s',
    (line) => {
      expect(readCount(line)).toBeUndefined();
    },
  );
});
