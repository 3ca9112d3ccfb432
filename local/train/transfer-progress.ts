import { SingleBar } from 'cli-progress';
import type { Parcel } from './parcels.ts';

/** What an upload says while it goes, on standard error. */
export interface TransferProgress {
  readonly update: (parcel: Parcel, bytes: number) => void;
  readonly stop: () => void;
}

const mebibytes = (bytes: number) => (bytes / 1024 / 1024).toFixed(1);

/** A bar where somebody watches; elsewhere nothing, for the closing sentence says it all. */
export function createTransferProgress(parcels: readonly Parcel[]): TransferProgress {
  if (!process.stderr.isTTY) return { update: () => undefined, stop: () => undefined };
  const total = parcels.reduce((sum, { bytes }) => sum + bytes, 0);
  const arrived = new Map<Parcel, number>();
  const format = 'Uploading [{bar}] {percentage}% | {done} of {all} MiB | {file}';
  const bar = new SingleBar({ format, barsize: 30, hideCursor: true });
  bar.start(total, 0, { done: '0.0', all: mebibytes(total), file: '' });
  return {
    update: (parcel, bytes) => {
      arrived.set(parcel, bytes);
      const done = [...arrived.values()].reduce((sum, value) => sum + value, 0);
      bar.update(done, { done: mebibytes(done), file: parcel.key });
    },
    stop: () => bar.stop(),
  };
}
