// What must not outlive the test: undone in reverse order, also after Ctrl-C.

/** `later(undo)` registers something to undo; `now()` undoes it all. */
export function createCleanup() {
  const steps = [];
  const now = async () => {
    for (let undo = steps.pop(); undo; undo = steps.pop()) {
      await Promise.resolve(undo()).catch((error) => console.error(error.message));
    }
  };
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ]) {
    process.once(signal, () => now().finally(() => process.exit(code)));
  }
  return { later: (undo) => steps.push(undo), now };
}
