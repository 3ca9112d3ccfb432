export { type LoadOptions, loadClassifier } from './classifier.ts';
export { InferenceError, WindowsTooManyError } from './errors.ts';
export { type Explanation, explain, maxExplainedWindows, type WordWeight } from './explanation.ts';
export { judgeReliability, type UnreliableReason } from './reliability.ts';
export { runEach } from './runs.ts';
export { loadRuntime } from './session.ts';
export { createTokenCounter, loadTokenizer, type Tokenize, type TokenizedText } from './tokenizer.ts';
export type { Classification, Classifier, LoadStages, ModelSource, RunStages, TokenCount } from './types.ts';
export { classifyWindows, maxWindows, type TextWindow, type WindowedClassification } from './windows.ts';
