export { createLog, describeFailure, isLogLevel, type Log, type LogLevel, levelNames } from './log.ts';
export { type Measure, type Meter, openMeter, silentMeter } from './meter.ts';
export { createNotify, type Message, type Notify } from './notification.ts';
