// Remembers which files of a folder store were verified, so that the next start need not hash them again. What it trusts, and how
// a changed byte is noticed: docs/decisions/0089-verified-files-remembered.md.
import { randomUUID } from 'node:crypto';
import { type BigIntStats, constants } from 'node:fs';
import { mkdir, open, readFile, rename, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemCode } from './errors.ts';
import { type Expectation, findFault } from './verification.ts';

/** A file as it was when its bytes had the SHA-256. The times are in nanoseconds. */
interface Verified {
  readonly device: string;
  readonly inode: string;
  readonly bytes: string;
  readonly modified: string;
  readonly changed: string;
  readonly sha256: string;
  /** Milliseconds since 1970 at which it was hashed. */
  readonly verifiedAt: number;
}

/** The content of the cache's file. It holds for one start of the machine, which gives its devices their numbers. */
interface Content {
  readonly schema: 1;
  readonly boot: string;
  readonly files: readonly Verified[];
}

/** Finds what is wrong with a file, as `findFault` does. */
export type FindFault = typeof findFault;

/**
 * File systems of this machine that set the time of a file's change themselves at every write: ext2 to ext4, XFS, Btrfs, F2FS,
 * bcachefs, ZFS, and overlays of them. A network's server has its own clock, and tmpfs does not see writes through a mapping.
 */
const trusted = new Set([0xef53, 0x58465342, 0x9123683e, 0xf2f52010, 0xca451a4e, 0x2fc12fc1, 0x794c7630]);

/** After a day a file is hashed again, which finds bytes that the disk has lost. */
const validMs = 24 * 60 * 60 * 1000;

const mostFiles = 100;
const longestContent = 1 << 16;
const fileName = 'verified-files.json';

/**
 * Creates a `findFault` that hashes a file only if it has changed since it was found sound. Whatever is wrong with the cache itself,
 * the file is hashed.
 *
 * @param folder - of the cache's file; made if it is missing, with the folder above it, for this user alone.
 * @param settledMs - milliseconds since the last change of a file after which it is remembered. A younger file may be written to
 *   again without another time: times have steps of up to two seconds.
 */
export function createVerificationCache(folder: string, settledMs = 2000): FindFault {
  let writing: Promise<unknown> = Promise.resolve();
  return async (path, expected) => {
    const [before, boot] = await Promise.all([observe(path, expected), readBoot()]);
    if (!before || boot === undefined) return findFault(path, expected);
    const known = await readContent(folder, boot);
    if (known.some((file) => isSame(file, before))) return undefined;
    const fault = await findFault(path, expected);
    const isKept = fault === undefined && isSettled(before, settledMs) && isSame(before, await observe(path, expected));
    if (isKept) {
      // One file after the other: each write begins with what is there.
      writing = writing.then(() => addFile({ folder, boot, file: before })).catch(() => undefined);
      await writing;
    }
    return fault;
  };
}

/** Reads what identifies a file and its state; undefined where that proves nothing. */
async function observe(path: string, { entry: { sha256 } }: Expectation): Promise<Verified | undefined> {
  try {
    const [file, { type }] = await Promise.all([stat(path, { bigint: true }), statfs(path)]);
    return trusted.has(type) ? describe(file, sha256) : undefined;
  } catch {
    return undefined;
  }
}

const describe = ({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats, sha256: string): Verified => ({
  device: String(dev),
  inode: String(ino),
  bytes: String(size),
  modified: String(mtimeNs),
  changed: String(ctimeNs),
  sha256,
  verifiedAt: Date.now(),
});

const compared = ['device', 'inode', 'bytes', 'modified', 'changed', 'sha256'] as const;
const isSame = (one: Verified, other: Verified | undefined) => compared.every((field) => one[field] === other?.[field]);

/** Whether the last change was long enough before the file was looked at. */
const isSettled = ({ modified, changed, verifiedAt }: Verified, settledMs: number) =>
  [modified, changed].every((time) => verifiedAt - Number(time) / 1e6 > settledMs);

/** An id that the kernel makes anew at each start of the machine; undefined on other systems than Linux. */
const readBoot = () => readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => undefined);

/** The files that are remembered and still hold; none if the cache's file is missing, damaged, or not this user's alone. */
async function readContent(folder: string, boot: string): Promise<readonly Verified[]> {
  try {
    const content: unknown = JSON.parse(await readPrivate(join(folder, fileName)));
    if (!isContent(content) || content.boot !== boot) return [];
    const now = Date.now();
    return content.files.filter(({ verifiedAt }) => verifiedAt <= now && now - verifiedAt < validMs);
  } catch {
    return [];
  }
}

async function readPrivate(path: string): Promise<string> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const { uid, mode, size } = await file.stat();
    if (uid !== process.getuid?.() || (mode & 0o077) !== 0 || size > longestContent)
      throw new Error('not to be trusted');
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

function isContent(value: unknown): value is Content {
  if (typeof value !== 'object' || value === null) return false;
  const { schema, boot, files } = value as Partial<Content>;
  return schema === 1 && typeof boot === 'string' && Array.isArray(files) && files.every(isVerified);
}

const isVerified = (file: Partial<Verified> | null) =>
  compared.every((field) => typeof file?.[field] === 'string') && typeof file?.verifiedAt === 'number';

function ignoreExisting(error: unknown): void {
  if (systemCode(error) !== 'EEXIST') throw error;
}

/** Writes the content with one more file, whole or not at all. Of two processes that write at once, one is forgotten. */
async function addFile({ folder, boot, file }: { folder: string; boot: string; file: Verified }): Promise<void> {
  const others = (await readContent(folder, boot)).filter(
    ({ device, inode }) => device !== file.device || inode !== file.inode,
  );
  const content: Content = { schema: 1, boot, files: [...others, file].slice(-mostFiles) };
  for (const path of [dirname(folder), folder]) await mkdir(path, { mode: 0o700 }).catch(ignoreExisting);
  const { uid } = await stat(folder);
  if (uid !== process.getuid?.()) return;
  const temporary = join(folder, `.${fileName}.${randomUUID()}`);
  try {
    await writeFile(temporary, JSON.stringify(content), { flag: 'wx', mode: 0o600 });
    await rename(temporary, join(folder, fileName));
  } finally {
    await rm(temporary, { force: true });
  }
}
