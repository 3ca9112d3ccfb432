// Offsets of the service count Unicode code points, and strings of JavaScript count UTF-16 units.

/** Finds parts of one text by offsets in code points. */
export interface CodePoints {
  /** Code points of the text. */
  readonly length: number;
  /** The UTF-16 offset of a code point's offset. */
  toUnits(offset: number): number;
  /** The part of the text from `start` to `end`, both in code points. */
  slice(start: number, end: number): string;
}

/** Counts the code points of a text once, so that each look-up is cheap. A lone surrogate counts as one. */
export function countCodePoints(text: string): CodePoints {
  const units = [0];
  let unit = 0;
  for (const character of text) {
    unit += character.length;
    units.push(unit);
  }
  const toUnits = (offset: number) => units[Math.min(Math.max(0, offset), units.length - 1)] ?? 0;
  return {
    length: units.length - 1,
    toUnits,
    slice: (start, end) => text.slice(toUnits(start), toUnits(end)),
  };
}
