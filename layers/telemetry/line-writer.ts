// Lines of log and metrics on standard output.

/** Writes one line, which ends with a line feed. */
export type WriteLine = (line: string) => void;

const writeOut: WriteLine = (line) => process.stdout.write(line);

/**
 * Creates a writer that writes lines of one turn together, before anything that waits for the turn goes on: a request's line and
 * its metrics take one system call, which also wakes the reader once.
 */
export function createLineWriter(write: WriteLine = writeOut): WriteLine {
  let lines = '';
  const flush = () => {
    const whole = lines;
    lines = '';
    write(whole);
  };
  return (line) => {
    if (lines === '') queueMicrotask(flush);
    lines += line;
  };
}
