// Reads JSON more strictly than JSON.parse, which takes the last of several equal keys and does not always say where a fault is.
import { ApiError } from './errors.ts';

/** Where a text breaks the grammar, and the keys that an object has more than once. */
interface Faults {
  readonly position: string | undefined;
  readonly repeated: readonly string[];
}

/** The scanner counts from 0. */
const formatPosition = (line: number, character: number) => `line ${line + 1}, column ${character + 1}`;

async function findFaults(text: string): Promise<Faults> {
  const { visit } = await import('jsonc-parser');
  const objects: Set<string>[] = [];
  const repeated: string[] = [];
  let position: string | undefined;
  visit(
    text,
    {
      onObjectBegin: () => void objects.push(new Set()),
      onObjectEnd: () => void objects.pop(),
      onObjectProperty: (key, _offset, _length, line, character) => {
        if (objects.at(-1)?.has(key)) repeated.push(`${JSON.stringify(key)} at ${formatPosition(line, character)}`);
        objects.at(-1)?.add(key);
      },
      onError: (_code, _offset, _length, line, character) => {
        position ??= formatPosition(line, character);
      },
    },
    { disallowComments: true, allowTrailingComma: false },
  );
  return { position, repeated };
}

/**
 * Parses a JSON text.
 *
 * @throws ApiError `BODY_MALFORMED` that says where the text breaks the grammar, or `BODY_INVALID` if an object has a key twice.
 */
export async function parseJson(text: string): Promise<unknown> {
  const faults = await findFaults(text).catch((cause: unknown) => {
    // The scanner calls itself for each level.
    throw new ApiError('BODY_MALFORMED', { message: 'The body is nested too deeply to be read.', cause });
  });
  const { position = 'an unknown place', repeated } = faults;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new ApiError('BODY_MALFORMED', { message: `The body is no JSON: the fault is at ${position}.`, cause });
  }
  const [first] = repeated;
  if (first !== undefined)
    throw new ApiError('BODY_INVALID', { message: `The body has a key more than once, ${first}: give it once.` });
  return value;
}
