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

/** Smaller ones are cheaper to copy than to map. */
const leastBytes = 1024;

/** Bytes as a text of one character each. */
const toLatin1 = (text: string) => Buffer.from(text).toString('latin1');

const encodeEntry = (key: string, value: string) =>
  encodeBytes(tensor.externalData, encodeBytes(1, key) + encodeBytes(2, value));

/** Creates what takes a tensor's bytes' place: in which file they lie, and where. */
function createPlacer(file: string) {
  const location = encodeEntry('location', toLatin1(file)) + encodeNumber(tensor.dataLocation, external);
  return ({ value }: Field) => Buffer.from(location + encodeEntry('offset', String(value)), 'latin1');
}

const isLarge = ({ number, value, end }: Field) => number === tensor.rawData && end - value >= leastBytes;

/** What stands in a field's place; undefined to leave it. */
type Replace = (field: Field) => Buffer[] | undefined;

/** A message with the fields replaced that `replace` has something for; undefined if it has nothing for any of them. */
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

const within = ({ value, end }: Field): Range => ({ start: value, end });

/**
 * Reads an ONNX file without its large weights: in their place it says where in the same file they lie. ONNX Runtime then maps
 * them from there. Given the file itself it would copy them twice, which takes longer than all the rest of opening a model.
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
    const rewritten = field.delimited ? rewrite(reader, within(field), replace) : undefined;
    if (!rewritten) return undefined;
    const bytes = rewritten.reduce((sum, { length }) => sum + length, 0);
    return [Buffer.from(encodeHead(field.number, bytes), 'latin1'), ...rewritten];
  };
  const encodePlace = createPlacer(location);
  const place = (field: Field) => (isLarge(field) ? [encodePlace(field)] : undefined);
  const inGraph = (field: Field) => (field.number === graph.initializer ? rewriteWithin(field, place) : undefined);
  return rewrite(reader, reader.whole, (field) =>
    field.number === model.graph ? rewriteWithin(field, inGraph) : undefined,
  );
}
