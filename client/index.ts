// `serverless-bert/client`: the service as a function call, with the types of its OpenAPI document.
export {
  type Client,
  type ClientOptions,
  createClient,
  type Model,
  type Prediction,
  type PredictOptions,
  type Result,
} from './client.ts';
export type { Failure, FailureCode, Outcome } from './outcome.ts';
export type { AwsAccess, AwsCredentials } from './signing.ts';
