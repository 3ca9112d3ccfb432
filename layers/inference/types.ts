/** A published model, as plain data: what the classifier needs to know and where its verified files lie. */
export interface ModelSource {
  /** Path of `model.onnx`. ONNX Runtime reads it by path: a buffer would double the peak memory. */
  readonly modelPath: string;
  /** Path of `tokenizer.json`. */
  readonly tokenizerPath: string;
  /** Class names in logit order. */
  readonly labels: readonly string[];
  /** Tokens that the model reads, `[CLS]` and `[SEP]` counted. */
  readonly maxTokens: number;
  /** Probabilities are softmax(logits / temperature). */
  readonly temperature: number;
}

/** The answer for one text. */
export interface Classification {
  /** One probability per label, in label order; they sum to 1. */
  readonly probabilities: readonly number[];
  /** Tokens that the model read, `[CLS]` and `[SEP]` counted. */
  readonly tokens: number;
  /** Tokens cut off because the text was longer than the model reads. */
  readonly dropped: number;
  /** Where the time went. */
  readonly stages: RunStages;
}

/** Milliseconds of one answer, the wait for others' answers not counted. */
export interface RunStages {
  /** Text to ids. */
  readonly tokenizeMs: number;
  /** Ids to logits. */
  readonly runMs: number;
}

/** Milliseconds of making a classifier. */
export interface LoadStages {
  /** Reading model and tokenizer. */
  readonly sessionMs: number;
  /** The first run, which proves that they belong together. */
  readonly firstRunMs: number;
}

/** Text in, probabilities out. One text per run of the session, so that an answer never depends on its companions. */
export interface Classifier {
  readonly labels: readonly string[];
  classify(text: string): Promise<Classification>;
  release(): Promise<void>;
  /** How long it took to make; undefined where several processes did it together. */
  readonly loadStages?: LoadStages | undefined;
}
