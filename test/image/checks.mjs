// Checks with names, one line each, and a count at the end.

/** `check(name, test)` runs a test, whose result (a text or nothing) is printed behind the name; `finish()` counts. */
export function createChecks() {
  const counts = { passed: 0, failed: 0 };
  const check = async (name, test) => {
    try {
      const detail = await test();
      counts.passed += 1;
      console.log(`ok    ${name}${detail ? ` (${detail})` : ''}`);
    } catch (error) {
      counts.failed += 1;
      console.log(`FAIL  ${name}\n      ${String(error.message).replaceAll('\n', '\n      ')}`);
    }
  };
  const finish = () => {
    console.log(`${counts.passed} passed, ${counts.failed} failed`);
    return counts.failed === 0;
  };
  return { check, finish };
}
