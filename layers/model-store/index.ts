export { ModelStoreError } from './errors.ts';
export { type FileEntry, isVersionName, type Manifest, type Pointer } from './manifest.ts';
export { openModelStore } from './open.ts';
export { type Promotion, promoteVersion } from './promotion.ts';
export { listVersions, readManifest, readPointer } from './published.ts';
export { type PulledModel, type PullOptions, type PullStages, pullModel } from './pull.ts';
export type { S3StoreOptions } from './s3-store.ts';
export type { FetchedFile, FileRequest, ModelStore, ReadableStore, StoredText, WriteCondition } from './types.ts';
