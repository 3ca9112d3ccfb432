type Params = Readonly<Record<string, string>>;
type Outcome = { readonly status: number | null; readonly output: string };

export const image: string;
export const trainingImage: string;
export const everything: Params;
export function runServerless(words: readonly string[], environment?: Params): Outcome;
export function packageStage(stage: string, params: Params, folder: string): Outcome;
export function synthesize(stage: string, params?: Params): unknown;
