// `npm run train:data -- put PATH`: what training reads, and a first model, into a stage's bucket.
import { S3Client } from '@aws-sdk/client-s3';
import { UsageError } from '../command-line.ts';
import { type DataOptions, readDataOptions, usage } from './data-options.ts';
import { findDeployment } from './deployment.ts';
import { type Parcel, pack } from './parcels.ts';
import { explain, whileListening } from './process.ts';
import { createTransferProgress } from './transfer-progress.ts';
import { deliver } from './upload.ts';

const splitUri = (uri: string) => {
  const [, bucket = '', prefix = ''] = /^s3:\/\/([^/]+)\/(.+)$/.exec(uri) ?? [];
  return { bucket, prefix };
};

async function put({ path, name, stage }: DataOptions, signal: AbortSignal): Promise<number> {
  const parcels = await pack(path, name);
  const uri = (await findDeployment(stage)).output('ModelUri');
  const progress = createTransferProgress(parcels);
  const delivery = { client: new S3Client(), ...splitUri(uri), onProgress: progress.update, signal };
  const kept: Parcel[] = [];
  try {
    for (const parcel of parcels) if (!(await deliver(parcel, delivery))) kept.push(parcel);
  } finally {
    progress.stop();
  }
  const known = kept.length > 0 ? `; ${kept.length} were there already, and versions never change` : '';
  process.stdout.write(`Uploaded ${parcels.length - kept.length} of ${parcels.length} files to ${uri}${known}.\n`);
  return 0;
}

/** Returns the exit code. What is wrong with the files is told before anything is uploaded. */
async function main(signal: AbortSignal): Promise<number> {
  const options = readDataOptions(process.argv.slice(2));
  if (!options.help) return put(options, signal);
  process.stdout.write(usage);
  return 0;
}

process.exitCode = await whileListening((signal) =>
  main(signal).catch((error: unknown) => explain(error, error instanceof UsageError ? 2 : 1)),
);
