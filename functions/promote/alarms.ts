// Reads the alarms that decide about a canary.

/** An alarm of CloudWatch, as far as a canary depends on it. */
export interface Alarm {
  readonly name: string;
  readonly ringing: boolean;
  /** When it began to ring, or stopped. */
  readonly changedAt: Date;
}

/**
 * Creates the function that reads the alarms of these names. The client reads endpoint and region from the environment.
 *
 * @throws Error (the function) if one of them does not exist: a canary must not end well because nobody watched it.
 */
export function createReadAlarms(names: readonly string[]): () => Promise<readonly Alarm[]> {
  return async () => {
    const { CloudWatchClient, DescribeAlarmsCommand } = await import('@aws-sdk/client-cloudwatch');
    const { MetricAlarms = [] } = await new CloudWatchClient().send(
      new DescribeAlarmsCommand({ AlarmNames: [...names], AlarmTypes: ['MetricAlarm'] }),
    );
    const missing = names.filter((name) => !MetricAlarms.some(({ AlarmName }) => AlarmName === name));
    if (names.length === 0 || missing.length > 0)
      throw new Error(`The canary is not decided: there is no alarm ${missing.join(', ') || 'in CANARY_ALARMS'}.`);
    return MetricAlarms.map(({ AlarmName = '', StateValue, StateTransitionedTimestamp, StateUpdatedTimestamp }) => ({
      name: AlarmName,
      ringing: StateValue === 'ALARM',
      changedAt: StateTransitionedTimestamp ?? StateUpdatedTimestamp ?? new Date(),
    }));
  };
}
