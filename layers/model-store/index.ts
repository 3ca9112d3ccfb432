export { ModelStoreError } from './errors.ts';
export { type FileEntry, type Hold, isVersionName, type Manifest, type Pointer } from './manifest.ts';
export { openModelStore } from './open.ts';
export { checkComplete, type Promotion, promoteVersion } from './promotion.ts';
export { keyInVersion, listVersions, readManifest, readPointer, readPointerIfChanged } from './published.ts';
export {
  type PulledModel,
  type PullFileOptions,
  type PullOptions,
  type PullStages,
  pullFile,
  pullModel,
} from './pull.ts';
export type { S3StoreOptions } from './s3-store.ts';
export { type PointerState, readPointerState, replacePointer, retreat, succeed, toSeconds } from './succession.ts';
export type { FetchedFile, FileRequest, ModelStore, ReadableStore, StoredText, WriteCondition } from './types.ts';
