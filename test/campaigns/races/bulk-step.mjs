// Runs a step of a bulk run by the built function: `node bulk-step.mjs INDEX STEP EVENT`. The model's bucket is in the environment.
const [index, step, event] = process.argv.slice(2);
const steps = await import(index);
process.stdout.write('begun\n');
const result = await steps[step](JSON.parse(event));
process.stdout.write(`\n${JSON.stringify({ result })}\n`);
