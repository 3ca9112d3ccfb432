import { parseAddress } from './address.ts';
import { createFolderStore } from './folder-store.ts';
import { createS3Store, type S3StoreOptions } from './s3-store.ts';
import type { ModelStore } from './types.ts';

/** What the environment says about reaching S3, under the names that the AWS tools use. */
const readEnvironment = ({ AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, AWS_REGION, AWS_DEFAULT_REGION } = process.env) => ({
  endpoint: AWS_ENDPOINT_URL_S3 || AWS_ENDPOINT_URL || undefined,
  region: AWS_REGION || AWS_DEFAULT_REGION || undefined,
});

/**
 * Opens the store at `s3://bucket[/prefix]` or in a `file:` folder. Only the address is checked here; the store is first
 * asked when it is used.
 *
 * @throws ModelStoreError with one sentence if the address is not of one of these forms.
 */
export function openModelStore(uri: string, options: S3StoreOptions = {}): ModelStore {
  const address = parseAddress(uri);
  if ('folder' in address) return createFolderStore(address.folder);
  return createS3Store(address, { ...readEnvironment(), ...options });
}
