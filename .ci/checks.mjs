// Everything that has to pass. Ends with "N passed, N failed".
import { checks } from './list.mjs';
import { runChecks } from './queue.mjs';

const { passed, failed, seconds } = await runChecks(checks, (text) => process.stdout.write(text));
const whole = Math.round(performance.now() / 1000);
console.log(
  `\n${Object.entries(seconds)
    .map(([command, took]) => `${String(took).padStart(5)} s  ${command}\n`)
    .join('')}`,
);
console.log(`${whole} s in all\n\n${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
