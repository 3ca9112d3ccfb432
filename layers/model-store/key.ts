import { ModelStoreError } from './errors.ts';

const segment = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

/** Refuses what is no key of the layout, above all one that would lead out of the store (`..`, an absolute path). */
export function checkKey(key: string, location: string): void {
  if (key.split('/').every((name) => segment.test(name))) return;
  throw new ModelStoreError(`${JSON.stringify(key)} is not a key of the model store ${location}.`);
}
