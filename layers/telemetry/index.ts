export { pricePerGigabyteSecond, pricePerInvocation } from './lambda-price.ts';
export { createLineWriter } from './line-writer.ts';
export { createLog, describeFailure, isLogLevel, type Log, type LogLevel, levelNames } from './log.ts';
export { type Measure, type Meter, openMeter } from './meter.ts';
export { createNotify, type Message, type Notify, tellPeople } from './notification.ts';
