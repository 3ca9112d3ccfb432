// With SnapStart the model is in the snapshot of a published version of predict. Another current model needs another one.
import { type ModelStore, readPointer } from '../../layers/model-store/index.ts';

/** The function whose published version holds the model, and the alias that the API calls. */
export interface SnapshotTarget {
  readonly functionName: string;
  readonly alias: string;
  /** Milliseconds that requests to the version before may still take. */
  readonly drainMs: number;
}

/** What became of the snapshot. `functionVersion` is the number of the version that the alias names now. */
export interface Snapshot {
  readonly kind: 'snapshot';
  readonly published: boolean;
  readonly modelVersion: string;
  readonly functionVersion: string;
}

interface Dependencies {
  readonly store: ModelStore;
  readonly target: SnapshotTarget;
}

/** Seconds that Lambda may take to start the function and to take its snapshot. */
const maxWaitTime = 600;

/** The end of a description that this code has written. */
const marked = /, with model (\S+)$/;

const describe = (description: string, modelVersion: string) =>
  `${description.replace(marked, '')}, with model ${modelVersion}`;

/**
 * Publishes a version of the function whose snapshot holds the current model, moves the alias to it, and deletes the version that
 * was published for another model, which would be billed on. Nothing happens if the alias names such a version already.
 *
 * Lambda publishes only what has changed. The function's description names the model, so that it has. The client reads endpoint and
 * region from the environment.
 *
 * @throws ModelStoreError if there is no current model. Error if Lambda refuses or takes too long; the alias then stays.
 */
export async function publishSnapshot({ store, target }: Dependencies): Promise<Snapshot> {
  const lambda = await import('@aws-sdk/client-lambda');
  const client = new lambda.LambdaClient();
  const { functionName: FunctionName, alias, drainMs } = target;
  const waiting = { client, maxWaitTime };
  const { pointer } = await readPointer(store);
  const modelVersion = pointer.version;

  const read = (Qualifier?: string) =>
    client.send(new lambda.GetFunctionConfigurationCommand({ FunctionName, Qualifier }));
  const active = await read(alias);
  const activeVersion = active.Version ?? '';
  if (marked.exec(active.Description ?? '')?.[1] === modelVersion)
    return { kind: 'snapshot', published: false, modelVersion, functionVersion: activeVersion };

  const Description = describe((await read()).Description ?? '', modelVersion);
  await client.send(new lambda.UpdateFunctionConfigurationCommand({ FunctionName, Description }));
  await lambda.waitUntilFunctionUpdated(waiting, { FunctionName });
  const { Version = '' } = await client.send(new lambda.PublishVersionCommand({ FunctionName }));
  await lambda.waitUntilPublishedVersionActive(waiting, { FunctionName, Qualifier: Version });
  await client.send(new lambda.UpdateAliasCommand({ FunctionName, Name: alias, FunctionVersion: Version }));
  // CloudFormation keeps the version of the deployment, which has no mark.
  if (marked.test(active.Description ?? '') && activeVersion !== Version) {
    await new Promise((resolve) => setTimeout(resolve, drainMs));
    await client.send(new lambda.DeleteFunctionCommand({ FunctionName, Qualifier: activeVersion }));
  }
  return { kind: 'snapshot', published: true, modelVersion, functionVersion: Version };
}
