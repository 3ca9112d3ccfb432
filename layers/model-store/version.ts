// Names of versions, and which files they have.
import type { StoredFile } from './types.ts';

/** The form of a version's name. */
export const versionPattern = /^\d{8}T\d{6}Z-[0-9a-f]{7}$/;

/** Whether a text has the form of a version's name, such as `20261123T081500Z-3f9a1c2`. */
export const isVersionName = (text: string): boolean => versionPattern.test(text);

/** The key of a version's file. */
export const keyInVersion = (version: string, path: string): string => `versions/${version}/${path}`;

/** The files of a manifest. */
interface VersionFiles {
  readonly files: readonly StoredFile[];
  readonly fp16?: StoredFile | undefined;
}

/** Lists all files of a version but its manifest: those with a role, and the graph for GPUs if there is one. */
export const listVersionFiles = ({ files, fp16 }: VersionFiles): readonly StoredFile[] =>
  fp16 ? [...files, fp16] : files;
