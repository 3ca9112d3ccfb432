/** When a piece of work began and ended, in milliseconds since the process began. */
export type Span = readonly [start: number, end: number];

/** Takes down what a start did when; the spans overlap, or it would take longer. */
export interface Timeline {
  /** What is known so far. */
  readonly spans: Readonly<Record<string, Span>>;
  /** Does a piece of work and takes it down, whether it succeeds or not. */
  time<T>(name: string, work: () => Promise<T>): Promise<T>;
  note(name: string, span: Span): void;
}

export function createTimeline(): Timeline {
  const spans: Record<string, Span> = {};
  const note = (name: string, span: Span) => {
    spans[name] = span;
  };
  const time = async <T>(name: string, work: () => Promise<T>) => {
    const start = performance.now();
    return work().finally(() => note(name, [start, performance.now()]));
  };
  return { spans, time, note };
}
