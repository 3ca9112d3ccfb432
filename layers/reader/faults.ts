// What is wrong with rows of a user's file: counted by kind, shown by line, and refused where it is too much.

/** Every kind of fault, and what to do about it. */
const remedies = {
  'too few fields': 'correct or remove them, or name the delimiter with --delimiter',
  'too many fields': 'correct or remove them, or name the delimiter with --delimiter',
  'a quote that is never closed': 'close it, or double it inside a quoted field',
  'a quote that ends inside a field': 'double each quote inside a quoted field',
  'no JSON object': 'write one object on each line',
  'an empty text': 'remove them',
  'an empty label': 'label or remove them',
  'an unknown label': 'correct or remove them, or give each label a class with --labels',
} as const;

/** A kind of fault. */
export type Fault = keyof typeof remedies;

const kinds = Object.keys(remedies) as Fault[];

/** Lines that are named of each kind of fault. */
const maxShown = 3;

/** Share of the rows of a file that may be left out. */
const tolerated = 0.01;

/** What was found of one kind. */
interface Found {
  rows: number;
  times: number;
  readonly shown: string[];
}

/** The faulty rows of one file. */
export interface Faults {
  /**
   * Counts a fault.
   *
   * @param line - where the row begins.
   * @param rows - how many rows are lost by it; a quote may swallow many.
   * @param value - the cell, where it helps to see it.
   */
  add(fault: Fault, line: number, rows?: number, value?: string): void;
  /**
   * Returns one sentence for each kind, and whether the file is refused.
   *
   * @param rows - all rows of the file, with the faulty ones.
   * @param isStrict - whether a single faulty row is too much.
   */
  judge(file: string, rows: number, isStrict: boolean): { readonly refused: boolean; readonly sentences: string[] };
}

/** Creates a count without faults. */
export function createFaults(): Faults {
  const byKind = new Map<Fault, Found>();
  return {
    add: (fault, line, rows = 1, value) => {
      const found = byKind.get(fault) ?? { rows: 0, times: 0, shown: [] };
      byKind.set(fault, found);
      found.rows += rows;
      found.times += 1;
      if (found.shown.length < maxShown)
        found.shown.push(value === undefined ? `line ${line}` : `line ${line}: ${value}`);
    },
    judge: (file, rows, isStrict) => {
      const count = [...byKind.values()].reduce((sum, found) => sum + found.rows, 0);
      const refused = count > 0 && (isStrict || count > rows * tolerated);
      const sentences = kinds.flatMap((kind) => {
        const found = byKind.get(kind);
        const remedy = refused ? remedies[kind] : 'they are left out';
        return found ? [`${file}: ${describe(kind, found, rows)}; ${remedy}.`] : [];
      });
      return { refused, sentences };
    },
  };
}

function describe(kind: Fault, { rows, times, shown }: Found, all: number): string {
  const more = times > shown.length ? ', …' : '';
  return `${rows} of ${all} rows with ${kind} (${shown.join(', ')}${more})`;
}
