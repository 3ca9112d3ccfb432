import type { LoadStages } from '../../layers/inference/index.ts';
import type { PullStages } from '../../layers/model-store/index.ts';
import type { Measure, Meter } from '../../layers/telemetry/index.ts';
import type { Observe } from './request-log.ts';

/** What an execution environment is, for estimates of what it costs. */
export interface Machine {
  /** AWS_LAMBDA_FUNCTION_MEMORY_SIZE. */
  readonly memoryMb: number;
  readonly architecture: string;
  /** AWS_LAMBDA_INITIALIZATION_TYPE. */
  readonly initType: string;
}

/** USD, in most regions; what API Gateway asks is not in it. */
const pricePerGigabyteSecond = { x64: 0.0000166667, arm64: 0.0000133334 };
const pricePerRequest = 0.0000002;

const count = (name: string, value = 1): Measure => ({ name, unit: 'Count', value });
const milliseconds = (name: string, value: number): Measure => ({ name, unit: 'Milliseconds', value });

/** What Lambda bills for so many milliseconds, each begun one counted whole. */
function estimateCost(ms: number, { memoryMb, architecture }: Machine): readonly Measure[] {
  const gigabyteSeconds = (Math.ceil(ms) / 1000) * (memoryMb / 1024);
  const price = architecture === 'arm64' ? pricePerGigabyteSecond.arm64 : pricePerGigabyteSecond.x64;
  return [
    { name: 'GigabyteSeconds', unit: 'None', value: gigabyteSeconds },
    { name: 'CostPerThousand', unit: 'None', value: 1000 * (gigabyteSeconds * price + pricePerRequest) },
  ];
}

const secondsSince = (time: string, now: number) => Math.max(0, (now - Date.parse(time)) / 1000);

/** Creates what turns a request's outcome into metrics: docs/operations.md lists them. */
export function createObserver(meter: Meter, machine: Machine, now = Date.now): Observe {
  return ({ code, stages, tokens, truncated, modelCreatedAt }, ms) => {
    const measures = [...estimateCost(ms, machine)];
    if (stages) measures.push(milliseconds('TokenizeTime', stages.tokenizeMs), milliseconds('RunTime', stages.runMs));
    if (tokens !== undefined) measures.push(count('Tokens', tokens), count('Truncated', truncated ? 1 : 0));
    if (modelCreatedAt)
      measures.push({ name: 'ModelAge', unit: 'Seconds', value: secondsSince(modelCreatedAt, now()) });
    if (code) measures.push(count('Errors'));
    meter.record(measures);
    if (code) meter.record([count('Errors')], { code });
  };
}

/** Counts an environment that has started. */
export function recordStart(meter: Meter, { initType }: Machine): void {
  meter.record([count('ColdStart')]);
  meter.record([count('ColdStart')], { initType });
}

/** Takes down where the time of the first load went. */
export function recordLoad(meter: Meter, pull: PullStages, load: LoadStages): void {
  meter.record([
    milliseconds('FetchTime', pull.pointerMs + pull.transferMs - pull.verifyMs),
    milliseconds('VerifyTime', pull.verifyMs),
    milliseconds('SessionTime', load.sessionMs),
    milliseconds('FirstRunTime', load.firstRunMs),
  ]);
}
