export { loadClassifier } from './classifier.ts';
export { InferenceError } from './errors.ts';
export { loadRuntime } from './session.ts';
export type { Classification, Classifier, ModelSource } from './types.ts';
