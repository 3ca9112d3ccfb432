/** Prints an error as its one sentence and returns the exit code. */
export function explain(error: unknown, code: number): number {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  return code;
}

/** Runs with a signal that Ctrl-C and SIGTERM abort. */
export async function whileListening(run: (signal: AbortSignal) => Promise<number>): Promise<number> {
  const stopping = new AbortController();
  const stop = () => stopping.abort(new Error('Stopped.'));
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, stop);
  return run(stopping.signal);
}
