// A process of a campaign: runs its share of one part and tells the parent. The parent ends it when its own user stops it.

const stopping = new AbortController();
const stop = () => stopping.abort(new Error('Stopped.'));
process.on('disconnect', stop);

const pauseMs = 500;
let [told, untold] = [performance.now(), 0];

/** Tells the parent now and then, so that messages cost nothing. */
const advance = (cases) => {
  untold += cases;
  if (performance.now() - told < pauseMs) return;
  process.send?.({ advance: untold });
  [told, untold] = [performance.now(), 0];
};

const run = async ({ module, name, ...context }) => {
  const { campaign } = await import(module);
  const part = campaign.parts.find((one) => one.name === name);
  const { signal } = stopping;
  const none = { count: 0, outcomes: {}, findings: [] };
  const outcome = signal.aborted ? none : await part.run({ ...context, signal, advance });
  process.send({ advance: untold, outcome }, () => process.exit(0));
};

process.on('message', (message) => (message === 'stop' ? stop() : void run(message)));
