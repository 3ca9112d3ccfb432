// What alarms cost by local/cost-estimate.ts, and the alarms of the template.
import { parameters } from '../../infra/parameters.mjs';
import { assumptions } from '../../local/cost-estimate.ts';
import { everything, type JsonObject, namesOfType, propertiesOf, synthesize } from './template.ts';

/** The metrics that the alarms of a template look at. */
function countAlarmMetrics(stage: string, params: Readonly<Record<string, string>>): number {
  const template = synthesize(stage, params);
  const alarms = namesOfType(template, 'AWS::CloudWatch::Alarm').map((name) => propertiesOf(template, name));
  const metrics = alarms.map(({ Metrics }) =>
    (Metrics as JsonObject[] | undefined)?.filter((one) => 'MetricStat' in one),
  );
  return metrics.reduce((sum, one) => sum + (one?.length ?? 1), 0);
}

const { always, ...byParameter } = assumptions.alarmMetrics;
const added = new Map(Object.entries(byParameter).filter(([name]) => name in parameters));

it('counts the metrics of all alarms', () => {
  const all = [...added.values()].reduce<number>((one, other) => one + other, always);
  expect(countAlarmMetrics('prod', everything)).toBe(all);
});

it('counts the metrics of the alarms that a stage has by default', () => {
  expect(countAlarmMetrics('dev', {})).toBe(always + (added.get('stream') ?? 0) + (added.get('bulk') ?? 0));
});
