// Replaces Lambda's runtime in tests: imports the built function, then calls its handler with each event that it is sent.
const { handler } = await import(process.argv[2]);
process.on('message', async ({ event, context }) => {
  const answer = await handler(event, { getRemainingTimeInMillis: () => 29_000, ...context });
  // The answer takes another way than the output and may arrive before the request's own lines.
  process.stdout.write('{"driver":"answered"}\n');
  process.send(answer);
});
process.send('ready');
