// Bounds of the store's JSON documents. Checking a value against a schema costs memory for each thing that is wrong with it.

/** Containers within each other. The program's own documents have at most eight. */
const deepest = 64;

/** Values of a document: part hashes above all, of which the longest text has 62,000. */
const mostValues = 70_000;

/** Objects and lists of a document. The program's own documents have some hundreds. */
const mostContainers = 10_000;

/** Says in what way a JSON value is larger than a document of the store may be; undefined if it is not. */
export function findExcess(document: unknown): string | undefined {
  let [values, containers] = [0, 0];
  const visit = (value: unknown, depth: number): string | undefined => {
    if (++values > mostValues) return `has more than ${mostValues} values`;
    if (typeof value !== 'object' || value === null) return undefined;
    if (++containers > mostContainers) return `has more than ${mostContainers} objects and lists`;
    if (depth === deepest) return `has more than ${deepest} objects and lists within each other`;
    for (const inner of Object.values(value)) {
      const excess = visit(inner, depth + 1);
      if (excess !== undefined) return excess;
    }
    return undefined;
  };
  return visit(document, 0);
}
