export { type LoadOptions, loadClassifier } from './classifier.ts';
export { InferenceError } from './errors.ts';
export { loadRuntime } from './session.ts';
export { loadTokenizer, type Tokenize, type TokenizedText } from './tokenizer.ts';
export type { Classification, Classifier, LoadStages, ModelSource, RunStages } from './types.ts';
