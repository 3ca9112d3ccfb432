// Checks of what the container says about folders that it may not use.
import assert from 'node:assert/strict';
import { existsSync, lstatSync } from 'node:fs';
import { join } from 'node:path';
import { assertEnded, bert, confinement, findEvent, mount } from './container.mjs';
import { giveTo, tinySettings } from './inputs.mjs';

const stranger = 4321;

/** A folder of another user, whom the container does not know. */
export async function checkStranger({ check, containers, folder }) {
  giveTo(stranger, folder);
  await check('another user’s folder is not touched: it says whose it is and which flag to add', async () => {
    const refused = await containers.run({ env: tinySettings, flags: mount(folder) });
    assertEnded(refused, 2);
    const lines = refused.output.trim().split('\n');
    assert.equal(lines.length, 4, refused.output);
    for (const line of lines) {
      assert.match(line, /^\/home\/bert\/data\/\S+ cannot be (read|written) \(Permission denied\); /);
      assert.ok(line.includes(`/home/bert/data belongs to user id ${stranger}, and this is user id ${bert}`), line);
      assert.ok(line.includes(`add --user ${stranger}:${stranger} to docker run`), line);
    }
    assert.equal(existsSync(join(folder, 'models')), false);
  });
  await check('with that flag it trains there, on a read-only root too', async () => {
    const flags = [...confinement, ...mount(folder), '--user', `${stranger}:${stranger}`];
    const trained = await containers.run({ env: tinySettings, flags });
    assertEnded(trained);
    const { version } = findEvent(trained.output, 'published');
    assert.equal(lstatSync(join(folder, 'models', 'versions', version, 'model.onnx')).uid, stranger);
  });
}

/** Nothing mounted, or not for writing; `folder` has been trained in. */
export async function checkMistakes({ check, containers, folder }) {
  await check('with nothing mounted it says what is missing and which flag to add', async () => {
    const refused = await containers.run({});
    assertEnded(refused, 2);
    assert.match(refused.output, /data\/imdb\.csv: no such file; a container sees only what is mounted, so add -v "/);
    assert.match(refused.output, /data\/bert_base_uncased: no such folder; .* mounted with -v "/);
    assert.doesNotMatch(refused.output, /Traceback/);
  });
  await check('a folder mounted with :ro is called one, before any training', async () => {
    const refused = await containers.run({
      env: { ...tinySettings, MODEL_PATH: '/home/bert/data/other' },
      flags: mount(folder, 'ro'),
    });
    assertEnded(refused, 2);
    assert.match(refused.output, /data\/other cannot be written \(Read-only file system\); .* without :ro/);
  });
}
