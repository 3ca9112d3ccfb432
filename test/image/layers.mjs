// The image's layers: what a change makes anew, and how large each is.
import assert from 'node:assert/strict';
import { listLayers, measureSteps } from './image-files.mjs';

/** A size as people write it. */
export const showBytes = (bytes) => (bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`);

/** Asserts that two builds differ in their highest layer alone, which must be small; returns its size. */
export function compareLayers({ image, changed, baseName }) {
  const [before, after] = [listLayers(image), listLayers(changed)];
  assert.equal(after.length, before.length);
  assert.deepEqual(after.slice(0, -1), before.slice(0, -1));
  assert.notEqual(after.at(-1), before.at(-1));
  const { bytes } = measureSteps(changed, baseName).findLast((step) => step.bytes > 0);
  assert.ok(bytes < 1e6, `the layer has ${showBytes(bytes)}`);
  return showBytes(bytes);
}

/** Prints the size of each step that left something. */
export function printSteps(image, baseName) {
  for (const { step, bytes } of measureSteps(image, baseName)) {
    if (bytes > 0) console.log(`      ${showBytes(bytes).padStart(8)}  ${step.slice(0, 100)}`);
  }
}
