import { readConfiguration } from '../../../functions/stream/configuration.ts';

const complete = {
  MODEL_URI: 's3://bucket/models',
  DELIVERY_STREAM: 'delivery',
  DEAD_LETTERS_URL: 'https://sqs.us-east-1.amazonaws.com/123456789012/dead-letters',
};

it('reads the delivery stream, the dead letters and the topic beside the settings of the model', () => {
  expect(readConfiguration({ ...complete, RESULTS_TOPIC_ARN: 'arn:aws:sns:us-east-1:1:results' })).toMatchObject({
    deliveryStream: 'delivery',
    deadLettersUrl: complete.DEAD_LETTERS_URL,
    topicArn: 'arn:aws:sns:us-east-1:1:results',
    store: { location: 's3://bucket/models' },
  });
  expect(readConfiguration({ ...complete, RESULTS_TOPIC_ARN: '' }).topicArn).toBeUndefined();
});

it('names every problem at once', () => {
  const read = () => readConfiguration({ DEAD_LETTERS_URL: 'dead-letters', LOG_LEVEL: 'loud' });
  for (const name of ['MODEL_URI', 'DELIVERY_STREAM', 'DEAD_LETTERS_URL', 'LOG_LEVEL']) expect(read).toThrow(name);
});
