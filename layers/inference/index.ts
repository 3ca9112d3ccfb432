export { type LoadOptions, loadClassifier } from './classifier.ts';
export { InferenceError } from './errors.ts';
export { judgeReliability, type UnreliableReason } from './reliability.ts';
export { loadRuntime } from './session.ts';
export { createTokenCounter, loadTokenizer, type Tokenize, type TokenizedText } from './tokenizer.ts';
export type { Classification, Classifier, LoadStages, ModelSource, RunStages, TokenCount } from './types.ts';
