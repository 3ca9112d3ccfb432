import type { Feature } from '../../layers/prediction/index.ts';
import {
  describeFailure,
  type Log,
  type Measure,
  type Meter,
  type Notify,
  tellPeople,
} from '../../layers/telemetry/index.ts';
import type { Measurement } from './measurement.ts';
import { describeMeasurement, listDrifted, type Retraining } from './notification.ts';

interface Dependencies {
  readonly measure: () => Promise<Measurement>;
  /** Least index at which people are told, and training is started. */
  readonly limit: number;
  /** Starts a training run; its id, or undefined if there was one lately. Without it drift starts none. */
  readonly train?: (() => Promise<string | undefined>) | undefined;
  readonly notify: Notify;
  readonly meter: Meter;
  readonly log: Log;
}

const metricOf: Readonly<Record<Feature, string>> = {
  score: 'PsiScore',
  class: 'PsiClass',
  length: 'PsiLength',
  unknown: 'PsiUnknown',
};

const listMeasures = ({ features }: Extract<Measurement, { kind: 'measured' }>): readonly Measure[] =>
  (Object.keys(metricOf) as Feature[]).map((feature) => ({
    name: metricOf[feature],
    unit: 'None',
    value: features[feature].index,
  }));

/** A failure is only logged: people are told of the drift all the same. */
async function retrain({ train, log }: Dependencies): Promise<Retraining> {
  if (!train) return 'off';
  try {
    const run = await train();
    if (run !== undefined) log.info('training started', { run });
    return run === undefined ? 'recent' : 'started';
  } catch (error) {
    log.error('training not started', { error: describeFailure(error) });
    return 'failed';
  }
}

/**
 * Creates the function that EventBridge calls once a day. It records the indices, tells people of drift, and starts training
 * if the deployment asks for that. It throws only if nothing could be measured; Lambda then tries again.
 */
export function createHandler(dependencies: Dependencies): () => Promise<Measurement> {
  const { measure, limit, meter, log } = dependencies;
  return async () => {
    const measurement = await measure();
    log.info('drift considered', { ...measurement });
    let retraining: Retraining = 'off';
    if (measurement.kind === 'measured') {
      meter.record(listMeasures(measurement));
      if (listDrifted(measurement, limit).length > 0) retraining = await retrain(dependencies);
    }
    await tellPeople(dependencies, describeMeasurement(measurement, { limit, retraining }));
    return measurement;
  };
}
