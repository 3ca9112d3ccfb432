// ONNX files as somebody would write them who wants to read other files, fill the memory or stop the service.
import { bytes, float32, int64, integer, node, valueInfo, varint } from '../../layers/inference/tiny-model.ts';

type Pieces = readonly Buffer[];

/** A negative number takes ten bytes. */
const negative = (field: number) => Buffer.concat([varint(field * 8), Buffer.from('ffffffffffffffffff01', 'hex')]);

/** An initializer; `content` are its encoded numbers or where they are. */
const tensor = (name: string, type: number, dimensions: Pieces, content: Pieces) => [
  ...dimensions,
  integer(2, type),
  bytes(8, name),
  ...content,
];
const dimensions = (...sizes: readonly number[]) => sizes.map((size) => integer(1, size));
const floats = (...values: readonly number[]) => [bytes(9, Buffer.from(Float32Array.from(values).buffer))];
const integers = (...values: readonly number[]) => [bytes(9, Buffer.from(BigInt64Array.from(values, BigInt).buffer))];
const initializer = (name: string, type: number, sizes: Pieces, content: Pieces) =>
  bytes(5, ...tensor(name, type, sizes, content));
const vector = (name: string, ...values: readonly number[]) =>
  initializer(name, int64, dimensions(values.length), integers(...values));
const scalar = (name: string, value: number) => initializer(name, int64, [], integers(value));

const elsewhere = (location: string, offset = '0') => [
  bytes(13, bytes(1, 'location'), bytes(2, location)),
  bytes(13, bytes(1, 'offset'), bytes(2, offset)),
  integer(14, 1),
];

const number = (name: string, value: number) => Buffer.concat([bytes(1, name), integer(3, value), integer(20, 2)]);
const graphAttribute = (name: string, graph: Buffer) =>
  Buffer.concat([bytes(1, name), bytes(6, graph), integer(20, 5)]);

/** A graph from ids to logits; `more` are nodes and initializers, of which one makes `factor`. */
const graphWith = (...more: Pieces) => [
  node('Cast', ['input_ids'], 'numbers', number('to', float32)),
  node('ReduceMean', ['numbers', 'axis'], 'mean', number('keepdims', 1)),
  ...more,
  node('Mul', ['mean', 'factor'], 'logits'),
  bytes(2, 'malicious'),
  vector('axis', 1),
  valueInfo(11, 'input_ids', { type: int64, shape: ['batch', 'length'] }),
  valueInfo(12, 'logits', { type: float32, shape: ['batch', 'labels'] }),
];

const modelWith = (graph: Pieces, ...more: Pieces) =>
  Buffer.concat([integer(1, 8), bytes(7, ...graph), bytes(8, bytes(1, ''), integer(2, 18)), ...more]);

const withFactor = (sizes: Pieces, content: Pieces) =>
  modelWith(graphWith(initializer('factor', float32, sizes, content)));

/** A graph with one operator that makes two gigabytes, whose mean is the factor. */
const bomb = (...more: Pieces) =>
  modelWith(graphWith(...more, node('ReduceMean', ['big'], 'factor', number('keepdims', 1))));

const many = 2 ** 29;
const one = initializer('one', float32, dimensions(1), floats(1));
const ones = (name: string, ...sizes: readonly number[]) =>
  initializer(name, float32, dimensions(...sizes), floats(...Array.from({ length: 2 ** 15 }, () => 1)));

/** Concatenates a number with itself thirty times over. */
const doublings = Array.from({ length: 30 }, (_, index) => {
  const input = index === 0 ? 'one' : `doubled${index}`;
  return node('Concat', [input, input], index === 29 ? 'big' : `doubled${index + 1}`, number('axis', 0));
});

/** Graphs within each other: each is the branch of an If in the next. */
function nest(depth: number): Buffer {
  let graph: Buffer = Buffer.of();
  for (let level = 0; level < depth; level++)
    graph = bytes(1, bytes(4, 'If'), bytes(5, graphAttribute('then_branch', graph)));
  return graph;
}

const loopBody = Buffer.concat([
  node('Identity', ['again'], 'still'),
  node('Identity', ['sum'], 'next'),
  bytes(2, 'body'),
  valueInfo(11, 'index', { type: int64, shape: [] }),
  valueInfo(11, 'again', { type: 9, shape: [] }),
  valueInfo(11, 'sum', { type: float32, shape: ['labels'] }),
  valueInfo(12, 'still', { type: 9, shape: [] }),
  valueInfo(12, 'next', { type: float32, shape: ['labels'] }),
]);

const yes = initializer('yes', 9, [], [bytes(9, Buffer.of(1))]);

/** Functions of which each calls the next one twice. */
const functions = Array.from({ length: 24 }, (_, index) => {
  const call = (from: string, to: string) =>
    index < 23
      ? bytes(7, bytes(1, from), bytes(2, to), bytes(4, `F${index + 1}`), bytes(7, 'own'))
      : bytes(7, bytes(1, from), bytes(2, to), bytes(4, 'Identity'));
  const versions = [bytes(9, bytes(1, ''), integer(2, 18)), bytes(9, bytes(1, 'own'), integer(2, 1))];
  return bytes(
    25,
    bytes(1, `F${index}`),
    bytes(4, 'x'),
    bytes(5, 'z'),
    call('x', 'y'),
    call('y', 'z'),
    ...versions,
    bytes(10, 'own'),
  );
});
const ownDomain = bytes(8, bytes(1, 'own'), integer(2, 1));

const constant = (content: Pieces) =>
  node('Constant', [], 'factor', Buffer.concat([bytes(1, 'value'), bytes(5, ...content), integer(20, 4)]));

const sound = withFactor(dimensions(1, 2), floats(1, 2));

/** Malicious files by what they try. */
export const maliciousModels: Readonly<Record<string, Buffer>> = {
  'weights from above the folder': withFactor(dimensions(1, 2), elsewhere('../../../../../../../../etc/passwd')),
  'weights from an absolute path': withFactor(dimensions(1, 2), elsewhere('/etc/passwd')),
  'weights from the tokenizer': withFactor(dimensions(1, 2), elsewhere('tokenizer.json')),
  'weights from an address in memory': withFactor(dimensions(1, 2), elsewhere('*/_ORT_MEM_ADDR_/*', '4096')),
  'a constant from another file': modelWith(
    graphWith(constant(tensor('value', float32, dimensions(1, 2), elsewhere('/etc/passwd')))),
  ),
  'huge dimensions': withFactor(dimensions(2 ** 40, 2), floats(1, 2)),
  'huge dimensions without numbers': withFactor(dimensions(2 ** 33), []),
  'dimensions whose product overflows': withFactor(dimensions(2 ** 52, 2 ** 52), floats(1, 2)),
  'a negative dimension': withFactor([negative(1), integer(1, 2)], floats(1, 2)),
  'a cycle': modelWith(
    graphWith(node('Add', ['mean', 'y'], 'x'), node('Add', ['x', 'mean'], 'y'), node('Identity', ['y'], 'factor')),
  ),
  'a cycle of one': modelWith(graphWith(node('Add', ['mean', 'factor'], 'factor'))),
  'an operator of another domain': modelWith(
    graphWith(bytes(1, bytes(2, 'factor'), bytes(4, 'Evil'), bytes(7, 'com.evil'))),
    bytes(8, bytes(1, 'com.evil'), integer(2, 1)),
  ),
  'an unknown operator': modelWith(graphWith(node('Evil', ['mean'], 'factor'))),
  'graphs within graphs': modelWith([nest(3000)]),
  'a loop without an end': modelWith(
    graphWith(
      yes,
      scalar('trips', 2 ** 52),
      node('Loop', ['trips', 'yes', 'mean'], 'factor', graphAttribute('body', loopBody)),
    ),
  ),
  'functions that call each other': modelWith(
    graphWith(bytes(1, bytes(1, 'mean'), bytes(2, 'factor'), bytes(4, 'F0'), bytes(7, 'own'))),
    ...functions,
    ownDomain,
  ),
  'sparse weights': bomb(
    bytes(
      15,
      bytes(1, ...tensor('big', float32, dimensions(1), floats(1))),
      bytes(2, ...tensor('at', int64, dimensions(1), integers(0))),
      integer(3, many),
    ),
  ),
  'a bomb of ConstantOfShape': bomb(vector('size', many), node('ConstantOfShape', ['size'], 'big')),
  'a bomb of Expand': bomb(one, vector('size', many), node('Expand', ['one', 'size'], 'big')),
  'a bomb of Tile': bomb(one, vector('size', many), node('Tile', ['one', 'size'], 'big')),
  'a bomb of Range': bomb(
    scalar('from', 0),
    scalar('to', many),
    scalar('by', 1),
    node('Range', ['from', 'to', 'by'], 'whole'),
    node('Cast', ['whole'], 'big', number('to', float32)),
  ),
  'a bomb of Add': bomb(ones('tall', 2 ** 15, 1), ones('wide', 1, 2 ** 15), node('Add', ['tall', 'wide'], 'big')),
  'a bomb of Concat': bomb(one, ...doublings),
  'a file that is cut off': sound.subarray(0, -7),
  'a length beyond the file': Buffer.concat([sound, Buffer.from('3affffffffffffffff7f', 'hex')]),
  'a number of eleven bytes': Buffer.concat([Buffer.from('08ffffffffffffffffffff01', 'hex'), sound]),
};
