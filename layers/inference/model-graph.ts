/**
 * Reads an ONNX file without its weights, so that ONNX Runtime maps them from the file instead of copying them twice:
 * docs/decisions/0041-weights-mapped-from-the-file.md.
 */
import { closeSync, fstatSync, openSync } from 'node:fs';
import { basename } from 'node:path';
import {
  createReader,
  encodeBytes,
  encodeHead,
  encodeNumber,
  type Field,
  type Range,
  type Reader,
} from './protobuf.ts';

/** Field numbers of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto. */
const model = { graph: 7 };
const graph = { initializer: 5 };
const tensor = { rawData: 9, externalData: 13, dataLocation: 14 };
const external = 1;

/** Smaller weights are cheaper to copy than to map. */
const smallestMappedBytes = 1024;

/**
 * Reads an ONNX file without its large weights. In their place it says where they are in the same file, and ONNX
 * Runtime then maps them from there. It would copy them twice if it read the file itself, which takes longer than the
 * rest of opening a model.
 *
 * @throws RangeError if the file is cut off or not protobuf; the system's error if it cannot be read.
 */
export function readGraph(path: string): Buffer {
  const file = openSync(path, 'r');
  try {
    const reader = createReader(file, fstatSync(file).size);
    return Buffer.concat(rewriteModel(reader, basename(path)) ?? [reader.copy(reader.whole)]);
  } finally {
    closeSync(file);
  }
}

function rewriteModel(reader: Reader, location: string): Buffer[] | undefined {
  const rewriteWithin = (field: Field, replace: Replace) => {
    const rewritten = field.delimited ? rewrite(reader, contentOf(field), replace) : undefined;
    if (!rewritten) return undefined;
    const bytes = rewritten.reduce((sum, { length }) => sum + length, 0);
    return [Buffer.from(encodeHead(field.number, bytes), 'latin1'), ...rewritten];
  };
  const encodeLocation = createLocationEncoder(location);
  const inTensor = (field: Field) => (isLarge(field) ? [encodeLocation(field)] : undefined);
  const inGraph = (field: Field) => (field.number === graph.initializer ? rewriteWithin(field, inTensor) : undefined);
  return rewrite(reader, reader.whole, (field) =>
    field.number === model.graph ? rewriteWithin(field, inGraph) : undefined,
  );
}

/** A text whose characters are the bytes of its UTF-8 form. */
const toLatin1 = (text: string) => Buffer.from(text).toString('latin1');

const encodeEntry = (key: string, value: string) =>
  encodeBytes(tensor.externalData, encodeBytes(1, key) + encodeBytes(2, value));

/** Creates a function that encodes where a tensor's bytes are: in which file, and at which offset. */
function createLocationEncoder(file: string) {
  const location = encodeEntry('location', toLatin1(file)) + encodeNumber(tensor.dataLocation, external);
  return ({ value }: Field) => Buffer.from(location + encodeEntry('offset', String(value)), 'latin1');
}

const isLarge = ({ number, value, end }: Field) => number === tensor.rawData && end - value >= smallestMappedBytes;

/** Returns what replaces a field; undefined leaves it as it is. */
type Replace = (field: Field) => Buffer[] | undefined;

/** Copies a message with some fields replaced. Returns undefined if `replace` leaves all of them as they are. */
function rewrite(reader: Reader, range: Range, replace: Replace): Buffer[] | undefined {
  const pieces: Buffer[] = [];
  let copied = range.start;
  for (const field of reader.listFields(range)) {
    const replacement = replace(field);
    if (!replacement) continue;
    pieces.push(reader.copy({ start: copied, end: field.start }), ...replacement);
    copied = field.end;
  }
  if (copied === range.start) return undefined;
  return [...pieces, reader.copy({ start: copied, end: range.end })];
}

const contentOf = ({ value, end }: Field): Range => ({ start: value, end });
