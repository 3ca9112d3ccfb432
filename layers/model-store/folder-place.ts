import { realpath, stat } from 'node:fs/promises';
import { isAbsolute, join, relative, sep } from 'node:path';
import { ModelStoreError, messageOf, systemCode } from './errors.ts';

/** A key in a folder store. */
export interface FolderPlace {
  readonly root: string;
  readonly key: string;
}

const isInside = (root: string, path: string): boolean => {
  const way = relative(root, path);
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
};

/** Refuses a path that links lead out of the store, and returns where it really is. */
export async function resolveInside(root: string, path: string): Promise<string> {
  const real = await realpath(path);
  if (isInside(await realpath(root), real)) return real;
  throw new ModelStoreError(`${path} is a link that leads out of the model store, to ${real}. Put the files into it.`);
}

/** The real path of a key's file; links inside the store are followed. Opening anything but a file could block for ever. */
export async function findExisting({ root, key }: FolderPlace): Promise<string> {
  const path = await resolveInside(root, join(root, key));
  if ((await stat(path)).isFile()) return path;
  throw new ModelStoreError(`${path} is not a file.`);
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'this user may not access it. Change its owner or mode',
  EPERM: 'this user may not access it, or its file system has no hard links',
  EROFS: 'its file system is read-only',
  ENOSPC: 'its disk is full',
  ELOOP: 'its links go round in a circle',
};

const isFolder = (path: string) =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );

/** Names the path, the reason and the way out. */
export async function explainFolderFailure(cause: unknown, { root, key }: FolderPlace): Promise<ModelStoreError> {
  if (cause instanceof ModelStoreError) return cause;
  if (!(await isFolder(root)))
    return new ModelStoreError(`The model store ${root} is not a folder. A container sees only what is mounted.`, {
      cause,
    });
  const code = systemCode(cause) ?? '';
  const missing = code === 'ENOENT' || code === 'ENOTDIR';
  const reason = missing ? 'does not exist' : `cannot be used: ${reasons[code] ?? messageOf(cause)}`;
  return new ModelStoreError(`${join(root, key)} ${reason}.`, { missing, cause });
}
