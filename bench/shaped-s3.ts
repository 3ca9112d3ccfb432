import { fork } from 'node:child_process';
import { join } from 'node:path';
import { receive } from './fresh-process.ts';

/** One request as the S3 stand-in saw it, in milliseconds of the shared clock. */
export interface StoreRequest {
  readonly method: string;
  readonly key: string;
  readonly range?: string;
  readonly at: number;
  readonly lastByteAt: number;
}

/** An S3 stand-in behind a network of known speed, for one client at a time. */
export interface ShapedS3 {
  readonly endpoint: string;
  /** The requests since the last time. */
  takeRequests(): Promise<readonly StoreRequest[]>;
  stop(): void;
}

/** How fast a network is: for all answers together, and until the first byte of each. */
export interface Network {
  readonly bytesPerMs: number;
  readonly firstByteMs: number;
}

/** Serves the model store in a folder. `root` is the checkout. */
export async function startShapedS3(root: string, folder: string, network: Network): Promise<ShapedS3> {
  const child = fork(join(root, 'bench', 'cold-start', 'shaped-s3.mjs'), [folder, JSON.stringify(network)], {
    execArgv: [],
  });
  const { endpoint } = await receive<{ endpoint: string }>(child);
  const takeRequests = async () => {
    child.send('take requests');
    return (await receive<{ requests: StoreRequest[] }>(child)).requests;
  };
  return { endpoint, takeRequests, stop: () => child.disconnect() };
}
