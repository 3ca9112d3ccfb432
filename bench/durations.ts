// How long the parts of a run take on this machine, by what they took before.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { Part } from './options.ts';

/** Seconds by part. */
type Seconds = Readonly<Partial<Record<Part, number>>>;

/** Whole minutes or seconds, as people say them. */
function describeSeconds(seconds: number): string {
  return seconds < 90 ? `${Math.max(5, 5 * Math.round(seconds / 5))} s` : `${Math.round(seconds / 60)} min`;
}

/** The sentence before a part: its place, and about how long it and the rest take, as far as that is known. */
export function describePart(parts: readonly Part[], place: number, known: Seconds): string {
  const left = parts.slice(place).map((part) => known[part]);
  const [own] = left;
  const unknown = left.filter((seconds) => seconds === undefined).length;
  const sum = left.reduce<number>((total, seconds) => total + (seconds ?? 0), 0);
  const rest =
    unknown === 0
      ? ''
      : unknown === 1
        ? ' and a part not measured here yet'
        : ` and ${unknown} parts not measured here yet`;
  const [start, about] = [
    `${parts[place]} (${place + 1} of ${parts.length})`,
    own === undefined ? '' : `: about ${describeSeconds(own)}`,
  ];
  return sum === 0
    ? `${start}; the time left is known after the first run.`
    : `${start}${about}; in all about ${describeSeconds(sum)}${rest} left.`;
}

/** What earlier runs with the same settings took, in a file. */
export function openDurations(file: string, settings: object) {
  const key = JSON.stringify(settings);
  const read = (): Record<string, Seconds> => (existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {});
  return {
    known: read()[key] ?? {},
    remember(part: Part, seconds: number): void {
      const all = read();
      writeFileSync(
        file,
        `${JSON.stringify({ ...all, [key]: { ...all[key], [part]: Math.round(seconds) } }, undefined, 1)}\n`,
      );
    },
  };
}
