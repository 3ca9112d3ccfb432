// Checks of the image at work: one function in a sandbox like Lambda's, its model in S3.
import assert from 'node:assert/strict';
import { createHttpEvent } from './http-event.mjs';
import { readSampleVersion, startModelBucket } from './model-bucket.mjs';
import { memoryMiB, startSandbox, userId } from './sandbox.mjs';

const sentence = 'this is the best book ever';

/** Objects that the function logged with this message. */
const findLines = (output, message) =>
  output
    .split('\n')
    .filter((line) => line.startsWith('{') && line.includes(message))
    .map((line) => JSON.parse(line))
    .filter((line) => line.message === message);

const header = ({ headers }, name) =>
  Object.entries(headers).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];

function checkAnswer(result) {
  assert.equal(result.statusCode, 200, result.body);
  const { response, ...beside } = JSON.parse(result.body);
  assert.deepEqual(Object.keys(response).sort(), ['negative', 'positive', 'sentence', 'time_taken']);
  for (const value of Object.values(response)) assert.equal(typeof value, 'string');
  assert.equal(response.sentence, sentence);
  assert.ok(Number(response.positive) > 0.5 && Number(response.positive) <= 1, `positive is ${response.positive}`);
  assert.ok(Math.abs(Number(response.positive) + Number(response.negative) - 1) < 1e-6);
  assert.equal(beside.model, readSampleVersion());
  assert.equal(beside.truncated, false);
  assert.ok(beside.tokens > 6);
  return response;
}

const timed = async (promise) => {
  const started = performance.now();
  return { result: await promise, ms: Math.round(performance.now() - started) };
};

/** The way of most requests: a model is there before the function starts. */
async function checkServing({ check, predict, sandbox }) {
  await check('a cold GET /predict answers in the contract’s shape', async () => {
    const { result, ms } = await timed(predict());
    return `positive ${checkAnswer(result).positive}, ${ms} ms from the container’s start`;
  });
  await check('a warm GET answers with the same session: one load in the log', async () => {
    const { result, ms } = await timed(predict());
    checkAnswer(result);
    assert.equal(findLines(sandbox.output(), 'model loaded').length, 1, sandbox.output());
    return `${ms} ms`;
  });
  const state = sandbox.readProcess();
  await check('it did so on a read-only root', () => assert.equal(state.readOnlyRoot, true));
  await check('it did so as an unprivileged user without capabilities', () => {
    assert.deepEqual([state.userId, state.capabilities], [userId, 0]);
  });
  await check(`it did so within ${memoryMiB} MiB`, () => {
    assert.equal(state.memoryLimit, memoryMiB * 2 ** 20);
    return `at most ${state.peakMiB} MiB resident`;
  });
  await check('ONNX Runtime wrote nothing about itself: /tmp holds the model and nothing else', () => {
    const version = readSampleVersion();
    assert.deepEqual(
      state.temporaryFiles.filter((path) => !path.includes(version)),
      [],
    );
    assert.notEqual(state.temporaryFiles.length, 0);
    return state.temporaryFiles.join(', ');
  });
}

async function checkRecovery({ check, predict, upload }) {
  await check('without a model in S3 it answers 503 with Retry-After', async () => {
    const result = await predict();
    assert.equal(result.statusCode, 503, result.body);
    assert.match(String(header(result, 'retry-after')), /^\d+$/);
    assert.equal(JSON.parse(result.body).error.code, 'MODEL_UNAVAILABLE');
  });
  await check('once the model is there, the next request succeeds', async () => {
    await upload();
    checkAnswer(await predict());
  });
}

/** Runs the checks that need a container. */
export async function checkFunction(image, { check, cleanup }) {
  const { variables, upload, stop } = await startModelBucket();
  cleanup.later(stop);
  const start = async () => {
    const sandbox = await startSandbox({ image, variables });
    cleanup.later(sandbox.stop);
    return { sandbox, predict: () => sandbox.invoke(createHttpEvent('/predict', { sentence })) };
  };
  await checkRecovery({ check, upload, ...(await start()) });
  await checkServing({ check, ...(await start()) });
}
