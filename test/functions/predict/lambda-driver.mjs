// Replaces Lambda's runtime in tests: imports the built function, then calls its handler with each event that it is sent.
const { handler } = await import(process.argv[2]);
process.on('message', async ({ event, context }) =>
  process.send(await handler(event, { getRemainingTimeInMillis: () => 29_000, ...context })),
);
process.send('ready');
