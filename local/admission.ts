// Which requests the service takes on, and which wait or are refused, before anything of them is read but their head.
// docs/decisions/0068-admission-under-overload.md has the reasons and figures.
import type { Log } from '../layers/telemetry/index.ts';

/** A request that asks for work. Exactly one of the two functions is called, unless the request is abandoned. */
export interface Arrival {
  /** Takes the request on. Its end is told to `leave`. */
  start(): void;
  /** Answers that there is too much to do. */
  refuse(): void;
}

/** What an operator wants to see of it. */
export interface AdmissionCounts {
  /** Requests that were taken on and have no answer yet. */
  readonly admitted: number;
  /** Requests that wait to be taken on. */
  readonly waiting: number;
  /** Requests refused since the start. */
  readonly refused: number;
}

/** The door in front of the application. */
export interface Admission {
  /** Starts the request now or later, or refuses it. */
  enter(arrival: Arrival): void;
  /** Forgets a request that still waits, because its client has gone. */
  abandon(arrival: Arrival): void;
  /** A request that was started has ended: there is room for another one. */
  leave(): void;
  /** Counts a started request as refused: there was no room for all its texts. */
  countRefusal(): void;
  counts(): AdmissionCounts;
}

interface Options {
  /** Requests that may be in the application at the same time. */
  readonly capacity: number;
  readonly log: Log;
  /** Milliseconds of a steady clock. */
  readonly now?: () => number;
}

/**
 * Milliseconds in which a waiting request is taken on in the order of arrival. Later it would be answered too late: its
 * own wait would come on top of the wait for a worker.
 */
const freshMs = 50;

/** Requests that may wait here. Each keeps some kilobytes. */
export const maxWaiting = 4096;

/** Milliseconds between two looks at those that wait. */
const tickMs = 20;

/** Late requests are refused at this pace: refusing costs time, which the workers lose. */
const leastPerTick = 4;

/** A long line is refused faster: while it stays as long, each request is refused after 250 looks, or five seconds. */
const ticksOfLongLine = 250;

const logMs = 1000;

/** Fewer than half of the requests that there is room for: the queue could run dry. */
const isHungry = (admitted: number, capacity: number) => admitted < Math.max(1, capacity / 2);

/**
 * Takes on at most `capacity` requests. The others wait without an answer, which holds back clients that wait for answers.
 * Those that have waited longer than `freshMs` are late. Late requests are refused at a limited pace, the oldest first, or
 * taken on if nothing else keeps the workers busy, the newest first.
 */
export function createAdmission({ capacity, log, now = () => performance.now() }: Options): Admission {
  const fresh: { readonly arrival: Arrival; readonly at: number }[] = [];
  const late: Arrival[] = [];
  let [admitted, refused, logged] = [0, 0, 0];
  let timers: readonly NodeJS.Timeout[] = [];

  const start = (arrival: Arrival) => {
    admitted += 1;
    arrival.start();
  };

  const refuse = (arrival: Arrival | undefined) => {
    if (!arrival) return;
    refused += 1;
    arrival.refuse();
  };

  const separateLate = () => {
    const limit = now() - freshMs;
    for (let next = fresh[0]; next && next.at <= limit; next = fresh[0]) {
      late.push(next.arrival);
      fresh.shift();
    }
  };

  const fill = () => {
    separateLate();
    while (admitted < capacity) {
      const next = fresh.shift()?.arrival ?? (isHungry(admitted, capacity) ? late.pop() : undefined);
      if (!next) return;
      start(next);
    }
  };

  const writeCount = () => {
    if (refused === logged) return;
    log.warn('requests refused', { count: refused - logged, admitted, waiting: fresh.length + late.length });
    logged = refused;
  };

  const look = () => {
    fill();
    const share = Math.max(leastPerTick, Math.ceil(late.length / ticksOfLongLine));
    for (const arrival of late.splice(0, share)) refuse(arrival);
    if (fresh.length + late.length > 0 || refused > logged) return;
    for (const timer of timers) clearInterval(timer);
    timers = [];
  };

  const startTimers = () => {
    if (timers.length === 0) timers = [setInterval(look, tickMs), setInterval(writeCount, logMs)];
  };

  const wait = (arrival: Arrival) => {
    if (fresh.length + late.length >= maxWaiting) refuse(late.shift() ?? fresh.shift()?.arrival);
    fresh.push({ arrival, at: now() });
    startTimers();
  };

  return {
    enter: (arrival) => {
      if (admitted < capacity && fresh.length === 0) start(arrival);
      else wait(arrival);
    },
    abandon: (arrival) => {
      const place = late.indexOf(arrival);
      if (place >= 0) late.splice(place, 1);
      else fresh.splice(fresh.findIndex((one) => one.arrival === arrival) >>> 0, 1);
    },
    leave: () => {
      admitted -= 1;
      fill();
    },
    countRefusal: () => {
      refused += 1;
      startTimers();
    },
    counts: () => ({ admitted, waiting: fresh.length + late.length, refused }),
  };
}
