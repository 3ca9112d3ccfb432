export { ModelStoreError } from './errors.ts';
export { type FileEntry, isVersionName, type Manifest } from './manifest.ts';
export { openModelStore } from './open.ts';
export {
  advancePointer,
  formatTime,
  type Hold,
  type Pointer,
  type PointerState,
  readPointer,
  readPointerIfChanged,
  readPointerState,
  replacePointer,
  rollBackPointer,
} from './pointer.ts';
export { type Promotion, promoteVersion } from './promotion.ts';
export {
  type PulledModel,
  type PullFileOptions,
  type PullOptions,
  type PullStages,
  pullFile,
  pullModel,
} from './pull.ts';
export type { S3StoreOptions } from './s3-store.ts';
export type { FetchedFile, FileRequest, ModelStore, ReadableStore, StoredText, WriteCondition } from './types.ts';
export { checkComplete, keyInVersion, listVersions, readManifest } from './versions.ts';
