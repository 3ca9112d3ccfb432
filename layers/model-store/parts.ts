import type { FileEntry } from './manifest.ts';

/** One part of a file: bytes `start` to `end`, both included, and what they must hash to. */
export interface Part {
  readonly index: number;
  readonly start: number;
  readonly end: number;
  readonly sha256: string;
}

/** The consecutive parts of a file, as its manifest entry describes them. */
export const listParts = ({ bytes, parts }: FileEntry, partBytes: number): Part[] =>
  parts.map((sha256, index) => ({
    index,
    start: index * partBytes,
    end: Math.min((index + 1) * partBytes, bytes) - 1,
    sha256,
  }));
