import { join } from 'node:path';
import { startLines } from './processes.ts';

/** One request as the S3 stand-in saw it, in milliseconds of the clock that all processes share. */
export interface StoreRequest {
  readonly method: string;
  readonly key: string;
  readonly range?: string;
  readonly at: number;
  readonly lastByteAt: number;
}

/** Serves a model store's folder as S3 does, to one client at a time. The network's speed is that of all answers together. */
export async function startShapedS3(
  root: string,
  folder: string,
  network: { bytesPerMs: number; firstByteMs: number },
) {
  const args = [join(root, 'bench', 'shaped-s3.mjs'), folder, JSON.stringify(network)];
  const { read, write, stop } = startLines({ file: process.execPath, args });
  const { endpoint } = await read<{ endpoint: string }>();
  /** The requests since the last call. */
  const takeRequests = async () => {
    write('take requests');
    return (await read<{ requests: StoreRequest[] }>()).requests;
  };
  return { endpoint, takeRequests, stop };
}
