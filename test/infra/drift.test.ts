import { trainingImage } from './serverless.mjs';
import { at, namesOfType, propertiesOf, synthesize, textOf } from './template.ts';

const template = synthesize('prod');
const variablesOf = (from: typeof template, name: string) => at(propertiesOf(from, name).Environment, 'Variables');

describe('drift', () => {
  it('is measured by a function once a day, against the same store and metrics that predict has', () => {
    expect(propertiesOf(template, 'DriftEventsRuleSchedule1')).toMatchObject({
      ScheduleExpression: 'cron(15 0 * * ? *)',
      State: 'ENABLED',
    });
    for (const name of ['MODEL_URI', 'POWERTOOLS_METRICS_NAMESPACE'])
      expect(at(variablesOf(template, 'DriftLambdaFunction'), name)).toEqual(
        at(variablesOf(template, 'PredictLambdaFunction'), name),
      );
    expect(at(variablesOf(template, 'PredictLambdaFunction'), 'DRIFT')).toBe('on');
  });

  it('starts no training unless it is asked to', () => {
    expect(at(variablesOf(template, 'DriftLambdaFunction'), 'TRAINING_QUEUE')).toEqual({ Ref: 'AWS::NoValue' });
    const retraining = synthesize('dev', { drift: 'on', retrainOnDrift: 'on', trainingImage });
    expect(textOf(at(variablesOf(retraining, 'DriftLambdaFunction'), 'TRAINING_QUEUE'))).toBe('<TrainingQueue>');
    expect(textOf(at(variablesOf(retraining, 'DriftLambdaFunction'), 'TRAINING_JOB'))).toBe('<TrainingJob>');
  });

  it('rings on the metrics that the function records, and on nothing else', () => {
    const metrics = propertiesOf(template, 'DriftAlarm').Metrics;
    const named = [1, 2, 3, 4].map((place) => at(metrics, place, 'MetricStat', 'Metric'));
    expect(named).toEqual(
      ['PsiScore', 'PsiClass', 'PsiLength', 'PsiUnknown'].map((MetricName) => ({
        Namespace: 'serverless-bert/prod',
        MetricName,
        Dimensions: [{ Name: 'service', Value: 'drift' }],
      })),
    );
  });

  it('adds nothing where it is off', () => {
    const off = synthesize('dev');
    expect(Object.keys(off.Resources).filter((name) => /Drift|Retrain/.test(name))).toEqual([]);
    expect(namesOfType(off, 'AWS::Lambda::Function')).not.toContain('DriftLambdaFunction');
    expect(at(variablesOf(off, 'PredictLambdaFunction'), 'DRIFT')).toBe('off');
    expect(JSON.stringify(propertiesOf(off, 'Dashboard').DashboardBody)).not.toContain('Psi');
  });
});
