import { at, type JsonObject, namesOfType, propertiesOf, synthesize, textOf } from './template.ts';

const variablesOf = (from: ReturnType<typeof synthesize>) =>
  at(propertiesOf(from, 'PredictLambdaFunction').Environment, 'Variables') as JsonObject;

describe('feedback', () => {
  const template = synthesize('prod', { feedback: 'texts' });

  it('goes through a delivery stream into its own folder, packed', () => {
    expect(textOf(variablesOf(template).FEEDBACK_STREAM)).toBe('<FeedbackDelivery>');
    expect(variablesOf(template).FEEDBACK_TEXT).toBe('on');
    expect(propertiesOf(template, 'FeedbackDelivery').ExtendedS3DestinationConfiguration).toMatchObject({
      Prefix: 'prod/feedback/!{timestamp:yyyy/MM/dd/HH}/',
      CompressionFormat: 'GZIP',
    });
  });

  it('holds no text where the parameter keeps ids alone', () => {
    expect(variablesOf(synthesize('prod', { feedback: 'ids' })).FEEDBACK_TEXT).toBe('off');
  });

  it('is off unless it is asked for', () => {
    for (const stage of ['dev', 'prod']) {
      const off = synthesize(stage);
      expect(namesOfType(off, 'AWS::KinesisFirehose::DeliveryStream')).not.toContain('FeedbackDelivery');
      expect(variablesOf(off).FEEDBACK_STREAM).toEqual({ Ref: 'AWS::NoValue' });
    }
  });
});
