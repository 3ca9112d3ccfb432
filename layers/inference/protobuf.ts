// The few parts of protobuf that model-graph.ts reads and writes: docs/decisions/0041-weights-mapped-from-the-file.md.
import { readSync } from 'node:fs';

/** One field of a message: where its tag begins, where its value begins, and where the next field begins. */
export interface Field {
  readonly number: number;
  /** Whether a length comes before the value's bytes: a text, a message, packed numbers. */
  readonly delimited: boolean;
  readonly start: number;
  readonly value: number;
  readonly end: number;
}

/** Bytes `start` to `end` of a file, `end` not included. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

const windowBytes = 16_384;
const longestVarint = 10;
const fixedBytes: Readonly<Record<number, number>> = { 1: 8, 5: 4 };

/** Creates a reader of an open protobuf file. It skips values: https://protobuf.dev/programming-guides/encoding/. */
export function createReader(file: number, bytes: number) {
  const window = Buffer.alloc(windowBytes);
  let windowStart = 0;
  let windowEnd = 0;

  const move = (at: number) => {
    windowStart = at;
    windowEnd = at + readSync(file, window, 0, windowBytes, at);
  };
  const readByte = (at: number): number => {
    if (at < windowStart || at >= windowEnd) move(at);
    const byte = window[at - windowStart];
    if (byte === undefined || at >= windowEnd) throw new RangeError(`the file ends at byte ${at}, within a field`);
    return byte;
  };
  /** Where the last number that was read ends. */
  let after = 0;
  /** Numbers above 2^53 lose their lowest bits. Lengths and tags are never so large. */
  const readVarint = (at: number): number => {
    let value = 0;
    let unit = 1;
    for (let index = at; index < at + longestVarint; index++, unit *= 128) {
      const byte = readByte(index);
      value += (byte & 0x7f) * unit;
      after = index + 1;
      if (byte < 0x80) return value;
    }
    throw new RangeError(`byte ${at} begins no number`);
  };
  const readField = (start: number, limit: number): Field => {
    const tag = readVarint(start);
    const wire = tag % 8;
    const afterTag = after;
    const counted = wire === 0 || wire === 2 ? readVarint(afterTag) : (fixedBytes[wire] ?? Number.NaN);
    const value = wire === 2 ? after : afterTag;
    const end = wire === 0 ? after : value + counted;
    if (!(end <= limit)) throw new RangeError(`byte ${start} begins no field that ends within its message`);
    return { number: Math.floor(tag / 8), delimited: wire === 2, start, value, end };
  };
  return {
    whole: { start: 0, end: bytes },
    *listFields({ start, end }: Range): Generator<Field> {
      for (let at = start; at < end; ) {
        const field = readField(at, end);
        yield field;
        at = field.end;
      }
    },
    copy: ({ start, end }: Range): Buffer => {
      if (start >= windowStart && end <= windowEnd)
        return Buffer.from(window.subarray(start - windowStart, end - windowStart));
      const copied = Buffer.alloc(end - start);
      const read = readSync(file, copied, 0, copied.length, start);
      if (read < copied.length) throw new RangeError(`the file ends at byte ${start + read}, within a field`);
      return copied;
    },
  };
}

export type Reader = ReturnType<typeof createReader>;

function encodeVarint(value: number): string {
  let bytes = '';
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes += String.fromCharCode((rest % 128) + 128);
  return bytes + String.fromCharCode(rest);
}

// The encoders return texts of one character per byte (latin1): making a thousand small buffers takes longer than all
// the rest.

/** A field that holds a small number. */
export const encodeNumber = (number: number, value: number): string => encodeVarint(number * 8) + encodeVarint(value);

/** A field that holds bytes, a text or a message. */
export const encodeBytes = (number: number, content: string): string => encodeHead(number, content.length) + content;

/** The tag and length that come before the bytes of a field. */
export const encodeHead = (number: number, bytes: number): string => encodeVarint(number * 8 + 2) + encodeVarint(bytes);
