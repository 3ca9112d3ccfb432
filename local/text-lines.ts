// Lines of a pipe.

/** More than any text that can be scored has, in UTF-16 units. */
const mostUnits = 1_000_000;

/**
 * Divides text into lines that end with LF or CR LF, each as soon as its end is there. Of a line that is longer than a text may
 * be, only the beginning is kept, so that a pipe without any line end takes no memory.
 */
export async function* readLines(text: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = '';
  let isFirst = true;
  for await (const piece of text) {
    const lines = piece.split('\n');
    lines[0] = rest + lines[0];
    rest = (lines.pop() ?? '').slice(0, mostUnits);
    for (const line of lines) {
      yield isFirst ? clean(line).replace(/^\ufeff/, '') : clean(line);
      isFirst = false;
    }
  }
  if (rest !== '') yield clean(rest);
}

const clean = (line: string) => line.replace(/\r$/, '');
