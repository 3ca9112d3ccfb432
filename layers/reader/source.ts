// Where the bytes of a user's file come from: this machine's disk, or whatever else can be read twice.
import { createReadStream } from 'node:fs';
import { access, constants, stat } from 'node:fs/promises';
import { FileError } from './errors.ts';

/** The bytes of a file, which can be read again from the start. */
export interface Source {
  /** What messages call it. Its ending says whether it is packed (`.gz`) and whether it holds JSON lines. */
  readonly name: string;
  /** Reads from the first byte, as often as it is called. */
  read(): AsyncIterable<Uint8Array>;
}

/** Opens a file of this machine. @throws FileError if it does not exist or cannot be read twice. */
export async function openFile(path: string): Promise<Source> {
  const found = await stat(path).catch(explain(path));
  if (found.isDirectory()) throw new FileError(`${path} is a folder: name a file in it.`);
  if (!found.isFile()) throw new FileError(`${path} is no file that can be read twice; save its rows to one.`);
  await access(path, constants.R_OK).catch(explain(path));
  return { name: path, read: () => createReadStream(path) };
}

const explain =
  (path: string) =>
  (error: NodeJS.ErrnoException): never => {
    if (error.code === 'ENOENT') throw new FileError(`${path} does not exist.`);
    throw new FileError(`${path} cannot be read (${error.message}).`);
  };
