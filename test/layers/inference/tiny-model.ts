import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// A writer of the few protobuf messages of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto that a tiny model
// needs. Field numbers are those of the file.

export function varint(value: number): Buffer {
  const bytes = [];
  for (let rest = value; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Buffer.from([...bytes, Math.floor(value / 128 ** bytes.length)]);
}

export function integer(field: number, value: number): Buffer {
  return Buffer.concat([varint(field * 8), varint(value)]);
}

export function bytes(field: number, ...parts: readonly (Buffer | string)[]): Buffer {
  const content = Buffer.concat(parts.map((part) => Buffer.from(part)));
  return Buffer.concat([varint(field * 8 + 2), varint(content.length), content]);
}

export const float32 = 1;
export const int64 = 7;

export function valueInfo(
  field: number,
  name: string,
  { type, shape }: { type: number; shape: readonly string[] },
): Buffer {
  const dimensions = shape.map((dimension) => bytes(1, bytes(2, dimension)));
  return bytes(field, bytes(1, name), bytes(2, bytes(1, integer(1, type), bytes(2, ...dimensions))));
}

export function node(
  operator: string,
  inputs: readonly string[],
  output: string,
  ...attributes: readonly Buffer[]
): Buffer {
  const ends = [...inputs.map((input) => bytes(1, input)), bytes(2, output)];
  return bytes(1, ...ends, bytes(4, operator), ...attributes.map((attribute) => bytes(5, attribute)));
}

export function matrix(name: string, rows: readonly (readonly number[])[]): Buffer {
  const raw = Buffer.from(Float32Array.from(rows.flat()).buffer);
  return bytes(
    5,
    integer(1, rows.length),
    integer(1, rows[0]?.length ?? 0),
    integer(2, float32),
    bytes(8, name),
    bytes(9, raw),
  );
}

/** One row of logits per id, for each input of the model. */
export type TinyModel = Readonly<Record<string, readonly (readonly number[])[]>>;

/** An ONNX model whose answer can be calculated by hand: the mean over the tokens of the sum of the inputs' rows. */
function encodeModel(tables: TinyModel, outputName: string): Buffer {
  const names = Object.keys(tables);
  const graph = [
    ...names.map((name) => node('Gather', [`${name}_table`, name], `${name}_rows`)),
    node(
      'Sum',
      names.map((name) => `${name}_rows`),
      'rows',
    ),
    node(
      'ReduceMean',
      ['rows'],
      outputName,
      Buffer.concat([bytes(1, 'axes'), integer(8, 1), integer(20, 7)]),
      Buffer.concat([bytes(1, 'keepdims'), integer(3, 0), integer(20, 2)]),
    ),
    bytes(2, 'tiny'),
    ...names.map((name) => matrix(`${name}_table`, tables[name] ?? [])),
    ...names.map((name) => valueInfo(11, name, { type: int64, shape: ['batch', 'length'] })),
    valueInfo(12, outputName, { type: float32, shape: ['batch', 'labels'] }),
  ];
  return Buffer.concat([integer(1, 8), bytes(7, ...graph), bytes(8, bytes(1, ''), integer(2, 13))]);
}

/** Writes the model to a temporary folder and returns its path. */
export async function writeTinyModel(tables: TinyModel, outputName = 'logits'): Promise<string> {
  const path = join(await mkdtemp(join(tmpdir(), 'tiny-model-')), 'model.onnx');
  await writeFile(path, encodeModel(tables, outputName));
  return path;
}
