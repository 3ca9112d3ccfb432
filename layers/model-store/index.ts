import { parseAddress } from './address.ts';
import { createFolderStore } from './folder-store.ts';
import { createS3Store, type S3StoreOptions } from './s3-store.ts';
import type { ModelStore } from './types.ts';
import { createVerificationCache } from './verification-cache.ts';

export { type CanaryPlan, findCandidate, isInShare, startCanary, withdrawCandidate } from './canary.ts';
export { addDigest, hasOwnDigest, wrongDigest } from './digest.ts';
export type { Candidate, Hold, Manifest, Pointer } from './documents.ts';
export { ModelStoreError } from './errors.ts';
export { findExcess } from './excess.ts';
export { checkComplete, listVersions, readManifest } from './manifest.ts';
export {
  advancePointer,
  formatTime,
  type PointerState,
  readPointer,
  readPointerIfChanged,
  readPointerState,
  replacePointer,
  rollBackPointer,
} from './pointer.ts';
export { type Promotion, promoteVersion } from './promotion.ts';
export {
  type Graph,
  type PulledModel,
  type PullFileOptions,
  type PullOptions,
  type PullStages,
  pullFile,
  pullModel,
} from './pull.ts';
export { defaultRetryPolicy, type RetryPolicy } from './retry.ts';
export type { S3StoreOptions } from './s3-store.ts';
export type {
  FetchedFile,
  FileEntry,
  FileRequest,
  ModelStore,
  ReadableStore,
  StoredText,
  WriteCondition,
} from './types.ts';
export { isVersionName, keyInVersion, listVersionFiles } from './version.ts';

/** How a store is opened. */
export interface StoreOptions extends S3StoreOptions {
  /** Folder where it is remembered which files of a folder store were verified. Without it, each use hashes them. */
  readonly verificationCache?: string | undefined;
}

/**
 * Opens the store at `s3://bucket[/prefix]` or in a `file:` folder. Only the address is checked here. The first use of
 * the store is its first request.
 *
 * @throws ModelStoreError with one sentence if the address has none of these forms.
 */
export function openModelStore(uri: string, { verificationCache, ...options }: StoreOptions = {}): ModelStore {
  const address = parseAddress(uri);
  if ('folder' in address)
    return createFolderStore(
      address.folder,
      verificationCache ? createVerificationCache(verificationCache) : undefined,
    );
  return createS3Store(address, { ...readEnvironment(), ...options });
}

/** What the environment says about reaching S3, under the names that the AWS tools use. */
const readEnvironment = ({ AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, AWS_REGION, AWS_DEFAULT_REGION } = process.env) => ({
  endpoint: AWS_ENDPOINT_URL_S3 || AWS_ENDPOINT_URL || undefined,
  region: AWS_REGION || AWS_DEFAULT_REGION || undefined,
});
