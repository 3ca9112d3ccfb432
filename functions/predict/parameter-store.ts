import { type AwsEnvironment, requestAws } from './aws-request.ts';

interface GetParameterAnswer {
  readonly Parameter: { readonly Value: string };
}

/**
 * Reads one SSM parameter and decrypts it, with the credentials and the region of the function's environment.
 *
 * @returns undefined if there is no such parameter.
 * @throws Error that names SSM's code for any other failure.
 */
export async function readParameter(name: string, environment: AwsEnvironment): Promise<string | undefined> {
  const request = { Name: name, WithDecryption: true };
  const { body, error } = await requestAws<GetParameterAnswer>('ssm', 'AmazonSSM.GetParameter', request, environment);
  if (body.Parameter) return body.Parameter.Value;
  if (error === 'ParameterNotFound') return undefined;
  throw new Error(`The parameter ${name} cannot be read: ${error}.`);
}
