/** A published model as plain data: where its verified files are, and what the classifier needs to know about it. */
export interface ModelSource {
  /** Path of `model.onnx`. ONNX Runtime maps the weights from it. */
  readonly modelPath: string;
  /** Path of `tokenizer.json`. */
  readonly tokenizerPath: string;
  /** Class names in logit order: `negative` and `positive`, with or without `neutral`. */
  readonly labels: readonly string[];
  /** The most tokens that the model reads, `[CLS]` and `[SEP]` included. */
  readonly maxTokens: number;
  /** Probabilities are softmax(logits / temperature). */
  readonly temperature: number;
}

/** What runs a model: this machine's processors, or an NVIDIA GPU. */
export type Device = 'cpu' | 'cuda';

/** The answer for one text. */
export interface Classification {
  /** One probability per label, in label order; they sum to 1. */
  readonly probabilities: readonly number[];
  /** Tokens that the model read, `[CLS]` and `[SEP]` included. */
  readonly tokens: number;
  /** Those of them that are `[UNK]`, because the vocabulary has no token for the characters. */
  readonly unknown: number;
  /** Tokens cut off because the text was longer than the model reads. */
  readonly dropped: number;
  /** Where the time went. */
  readonly stages: RunStages;
}

/** The tokens of a text, and those of them that are `[UNK]`. */
export interface TokenCount {
  readonly tokens: number;
  readonly unknown: number;
}

/** Milliseconds of one answer, without the wait for earlier answers. */
export interface RunStages {
  /** Text to ids. */
  readonly tokenizeMs: number;
  /** Ids to logits. */
  readonly runMs: number;
}

/** Milliseconds of loading a classifier. */
export interface LoadStages {
  /** Loading model and tokenizer. */
  readonly sessionMs: number;
  /** The first run, which proves that they fit. */
  readonly firstRunMs: number;
}

/**
 * Text in, probabilities out. Each text has its own run of the session, so that its answer never depends on other
 * texts.
 */
export interface Classifier {
  readonly labels: readonly string[];
  /** The most tokens that one run reads, `[CLS]` and `[SEP]` included. */
  readonly maxTokens: number;
  /** Texts that it works on at the same time; 1 if undefined. */
  readonly concurrency?: number;
  classify(text: string): Promise<Classification>;
  /** Counts the tokens of each text, all of them, without `[CLS]` and `[SEP]`. The model does not run. */
  countTokens(texts: readonly string[]): Promise<readonly TokenCount[]>;
  /**
   * The same classifier for one request with so many texts; its `release` ends the request. Requests take turns, a text each.
   * When the signal aborts, its texts that have not begun reject. Throws if there is no room for the texts. Undefined if all
   * texts wait in one line.
   */
  forRequest?(texts: number, signal: AbortSignal): Classifier;
  /** Texts that wait for a worker. Undefined if there are no workers. */
  countWaiting?(): number;
  release(): Promise<void>;
  /** How long it took to load; undefined if several processes loaded it together. */
  readonly loadStages?: LoadStages | undefined;
}
