import { at, everything, propertiesOf, synthesize, textOf } from './template.ts';

const formatOf = (template: ReturnType<typeof synthesize>) =>
  JSON.parse(String(at(propertiesOf(template, 'HttpApiStage'), 'AccessLogSettings', 'Format'))) as Record<
    string,
    string
  >;

describe('the HTTP API', () => {
  it('sends every path and method to predict, as payload 2.0', () => {
    const template = synthesize('dev');
    expect(propertiesOf(template, 'HttpApiRouteDefault').RouteKey).toBe('$default');
    const integration = propertiesOf(template, 'HttpApiIntegrationPredict');
    expect(integration).toMatchObject({ PayloadFormatVersion: '2.0', IntegrationType: 'AWS_PROXY' });
    expect(textOf(integration.IntegrationUri)).toBe('<PredictLambdaFunction.Arn>');
    expect(propertiesOf(template, 'PredictLambdaFunction').Timeout).toBeLessThan(30);
  });

  it.each([
    ['dev', 10, 20],
    ['prod', 100, 200],
  ])('in %s lets %i requests per second through', (stage, rate, burst) => {
    expect(propertiesOf(synthesize(stage), 'HttpApiStage').DefaultRouteSettings).toEqual({
      DetailedMetricsEnabled: false,
      ThrottlingRateLimit: rate,
      ThrottlingBurstLimit: burst,
    });
  });

  it('logs each request, without any field that could contain the text', () => {
    const template = synthesize('prod');
    const fields = Object.values(formatOf(template)).join(' ');
    expect(fields).toContain('$context.requestId');
    expect(fields).not.toMatch(/path|querystring|query|header|body|routeKey/i);
    expect(propertiesOf(template, 'HttpApiLogGroup').RetentionInDays).toBe(90);
  });

  it.each([
    ['dev, which is open', 'dev', {}, { AuthorizationType: 'NONE' }],
    ['prod, for signed requests only', 'prod', {}, { AuthorizationType: 'AWS_IAM' }],
    ['prod, opened by a word', 'prod', { authorizer: 'none' }, { AuthorizationType: 'NONE' }],
    ['prod, for keys, which the function checks', 'prod', { authorizer: 'key' }, { AuthorizationType: 'NONE' }],
    ['prod, for tokens', 'prod', everything, { AuthorizationType: 'JWT', AuthorizerId: { Ref: 'JwtAuthorizer' } }],
  ])('asks who calls: %s', (_what, stage, params, expected) => {
    expect(propertiesOf(synthesize(stage, params), 'HttpApiRouteDefault')).toMatchObject(expected);
  });

  it('checks tokens of the issuer for the audiences', () => {
    expect(propertiesOf(synthesize('prod', everything), 'JwtAuthorizer')).toMatchObject({
      AuthorizerType: 'JWT',
      IdentitySource: ['$request.header.Authorization'],
      JwtConfiguration: { Audience: ['callers', 'testers'], Issuer: 'https://issuer.example/' },
    });
  });

  it('tells predict which parameter holds the keys, if it asks for any', () => {
    const parameterOf = (template: ReturnType<typeof synthesize>) =>
      at(propertiesOf(template, 'PredictLambdaFunction'), 'Environment', 'Variables', 'API_KEYS_PARAMETER');
    const template = synthesize('prod', { authorizer: 'key' });
    expect(textOf(parameterOf(template))).toBe('/<AWS::StackName>/keys');
    expect(textOf(template.Outputs.KeysParameter?.Value)).toBe('/<AWS::StackName>/keys');
    expect(parameterOf(synthesize('prod'))).toEqual({ Ref: 'AWS::NoValue' });
    expect(synthesize('prod').Outputs.KeysParameter).toBeUndefined();
  });

  it('answers pages of other origins only if they are named', () => {
    expect(propertiesOf(synthesize('prod'), 'HttpApi').CorsConfiguration).toBeUndefined();
    expect(propertiesOf(synthesize('prod', everything), 'HttpApi').CorsConfiguration).toMatchObject({
      AllowOrigins: ['https://a.example', 'https://b.example'],
      AllowMethods: ['GET', 'HEAD', 'POST'],
    });
  });
});

describe('the functions', () => {
  it('get the URI of the models, and send no telemetry', () => {
    const template = synthesize('dev');
    for (const name of ['PredictLambdaFunction', 'PromoteLambdaFunction', 'StreamLambdaFunction']) {
      const variables = at(propertiesOf(template, name), 'Environment', 'Variables');
      expect(textOf(at(variables, 'MODEL_URI'))).toBe('s3://<ModelBucket>/dev');
      expect(at(variables, 'ORT_DISABLE_TELEMETRY')).toBe('1');
      expect(at(variables, 'POWERTOOLS_METRICS_NAMESPACE')).toBe('serverless-bert/dev');
    }
  });

  it('follow the pointer, or serve the version that is pinned', () => {
    const versionOf = (stage: string, params = {}) =>
      at(propertiesOf(synthesize(stage, params), 'PredictLambdaFunction'), 'Environment', 'Variables', 'MODEL_VERSION');
    expect(versionOf('dev')).toEqual({ Ref: 'AWS::NoValue' });
    expect(versionOf('prod', everything)).toBe('20261123T081500Z-3f9a1c2');
  });

  it('do not log texts', () => {
    const variables = at(propertiesOf(synthesize('prod'), 'PredictLambdaFunction'), 'Environment', 'Variables');
    expect(at(variables, 'LOG_TEXT')).toBe('off');
  });

  it('show browsers a page in dev but not in prod, whose callers sign their requests', () => {
    const pageOf = (stage: string, params = {}) =>
      at(propertiesOf(synthesize(stage, params), 'PredictLambdaFunction'), 'Environment', 'Variables', 'PAGE');
    expect([pageOf('dev'), pageOf('prod'), pageOf('prod', { page: 'on' })]).toEqual(['on', 'off', 'on']);
  });

  it('have reserved concurrency in prod but not in dev, because a new account cannot reserve any', () => {
    const capOf = (stage: string) =>
      propertiesOf(synthesize(stage), 'PredictLambdaFunction').ReservedConcurrentExecutions;
    expect(capOf('prod')).toBe(20);
    expect(capOf('dev')).toEqual({ Ref: 'AWS::NoValue' });
  });

  it('are kept warm only by a parameter, behind an alias that the API calls', () => {
    expect(Object.keys(synthesize('prod').Resources).join()).not.toMatch(/Alias|LambdaVersion/);
    const template = synthesize('prod', everything);
    expect(propertiesOf(template, 'PredictProvConcLambdaAlias')).toMatchObject({
      ProvisionedConcurrencyConfig: { ProvisionedConcurrentExecutions: 2 },
    });
    expect(textOf(propertiesOf(template, 'HttpApiIntegrationPredict').IntegrationUri)).toBe(
      '<PredictLambdaFunction.Arn>:provisioned',
    );
  });

  it('are traced only by a parameter', () => {
    expect(propertiesOf(synthesize('prod'), 'PredictLambdaFunction').TracingConfig).toBeUndefined();
    expect(propertiesOf(synthesize('prod', everything), 'PredictLambdaFunction').TracingConfig).toEqual({
      Mode: 'Active',
    });
  });

  it('take memory, timeout and disk size from the parameters', () => {
    const template = synthesize('dev', { memory: '3008', timeout: '20', scratch: '1024' });
    expect(propertiesOf(template, 'PredictLambdaFunction')).toMatchObject({
      MemorySize: 3008,
      Timeout: 20,
      EphemeralStorage: { Size: 1024 },
    });
  });
});
