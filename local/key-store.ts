import {
  DeleteParameterCommand,
  GetParameterCommand,
  ParameterNotFound,
  PutParameterCommand,
  type SSMClient,
} from '@aws-sdk/client-ssm';
import { type ApiKey, formatKeys, parseKeys } from '../functions/predict/keys.ts';

/** The keys of a stage, in one SSM parameter. */
export interface KeyStore {
  list(): Promise<readonly ApiKey[]>;
  /**
   * Replaces the keys by those that `change` makes of them. The parameter exists while there are keys.
   *
   * @throws what `change` throws; Error if there are too many keys for a parameter, or if somebody else wrote meanwhile.
   */
  update(change: (keys: readonly ApiKey[]) => readonly ApiKey[]): Promise<void>;
}

/** Bytes that a parameter of the standard tier holds. */
const maxBytes = 4096;

interface State {
  readonly keys: readonly ApiKey[];
  /** SSM counts the versions of a parameter from 1. */
  readonly version: number;
}

/** Creates the store on a parameter. */
export function createKeyStore(client: SSMClient, Name: string): KeyStore {
  const read = async (): Promise<State> => {
    try {
      const { Parameter } = await client.send(new GetParameterCommand({ Name, WithDecryption: true }));
      return { keys: parseKeys(Parameter?.Value ?? ''), version: Parameter?.Version ?? 0 };
    } catch (error) {
      if (error instanceof ParameterNotFound) return { keys: [], version: 0 };
      throw error;
    }
  };

  const write = async (Value: string, { version }: State) => {
    if (Value.length > maxBytes)
      throw new Error(`A parameter holds no more than ${maxBytes} bytes: remove keys that nobody uses.`);
    // Without Overwrite, SSM refuses to replace what somebody else has just made.
    const parameter = { Name, Value, Type: 'SecureString', Description: 'SHA-256 of the keys of callers' } as const;
    const { Version } = await client.send(new PutParameterCommand({ ...parameter, Overwrite: version > 0 }));
    if (Version !== version + 1)
      throw new Error('Somebody else changed the keys at the same time: compare them with `npm run key -- list`.');
  };

  return {
    list: async () => (await read()).keys,
    update: async (change) => {
      const state = await read();
      const keys = change(state.keys);
      if (keys.length > 0) await write(formatKeys(keys), state);
      else await client.send(new DeleteParameterCommand({ Name }));
    },
  };
}
