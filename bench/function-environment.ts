interface FunctionSetting {
  /** The model store, `s3://…` or `file:…`. */
  readonly uri: string;
  /** In MB. */
  readonly memoryMb: number;
}

/** Variables that Lambda and the deployment give to the function that answers. */
export const createFunctionEnvironment = ({ uri, memoryMb }: FunctionSetting) => ({
  MODEL_URI: uri,
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMb),
  AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
  POWERTOOLS_METRICS_NAMESPACE: 'bench',
  POWERTOOLS_SERVICE_NAME: 'predict',
  ORT_DISABLE_TELEMETRY: '1',
});
