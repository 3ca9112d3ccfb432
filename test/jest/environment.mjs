import { TestEnvironment } from 'jest-environment-node';

const typedArrays = [
  'Float32Array',
  'Float64Array',
  'Int8Array',
  'Uint8Array',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'BigInt64Array',
  'BigUint64Array',
];

/** jest gives each test file its own realm; ONNX Runtime's native side accepts only typed arrays of the process's first one. */
export default class extends TestEnvironment {
  constructor(config, context) {
    super(config, context);
    for (const name of typedArrays) this.global[name] = globalThis[name];
  }
}
