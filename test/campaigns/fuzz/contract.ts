// The OpenAPI document that a service serves, as a check of its answers.
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

interface ErrorBody {
  readonly error: { readonly code: string };
}

interface MediaType {
  readonly examples?: Readonly<Record<string, unknown>>;
}

interface Operation {
  readonly security?: readonly unknown[];
  readonly responses: Readonly<
    Record<
      string,
      { readonly headers?: Readonly<Record<string, unknown>>; readonly content?: Readonly<Record<string, MediaType>> }
    >
  >;
}

/** The document, as far as answers are checked by it. */
export interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

/** One answer of a service. */
export interface Answer {
  readonly status: number;
  /** By name in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What the document says of one operation. */
export interface OperationContract {
  /** Whether callers need a key. */
  readonly closed: boolean;
  /** Throws an error that says how the answer breaks the document. */
  check(answer: Answer): void;
}

/** The operations by `GET /predict`. */
export type Contract = ReadonlyMap<string, OperationContract>;

const toPointer = (word: string) => word.replaceAll('~', '~0').replaceAll('/', '~1');

/** Reads a document. The schemas are compiled once. */
export function readContract(document: Document): Contract {
  const ajv = new Ajv2020({ strict: false, allErrors: false });
  ajv.addSchema(document, 'document');
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => {
      const at = `document#/paths/${toPointer(path)}/${method}/responses`;
      const compile = (status: string, type: string) =>
        ajv.compile({ $ref: `${at}/${status}/content/${toPointer(type)}/schema` });
      return [`${method.toUpperCase()} ${path}`, readOperation(operation, compile)] as const;
    }),
  );
  return new Map(operations);
}

function readOperation(
  { responses, security = [] }: Operation,
  compile: (status: string, type: string) => ValidateFunction,
): OperationContract {
  const statuses = new Map(
    Object.entries(responses).map(([status, { headers = {}, content = {} }]) => {
      const types = Object.entries(content).map(
        ([type, { examples }]) =>
          [type, { codes: examples && Object.keys(examples), validate: compile(status, type) }] as const,
      );
      return [Number(status), { headers: Object.keys(headers), types: new Map(types) }] as const;
    }),
  );
  return {
    closed: security.length > 0,
    check: ({ status, headers, body }) => {
      const described = statuses.get(status);
      if (!described) throw new Error(`The document has no status ${status} for this operation.`);
      if (described.types.size === 0) return;
      const type = readMediaType(headers);
      const content = described.types.get(type);
      if (!content)
        throw new Error(`The document has no ${type || 'answer without a media type'} for status ${status}.`);
      if (type !== 'application/json') return;
      const value: unknown = JSON.parse(body);
      if (!content.validate(value)) {
        const [error] = content.validate.errors ?? [];
        throw new Error(`The answer breaks the schema at ${JSON.stringify(error?.instancePath)}: ${error?.message}.`);
      }
      const code = status < 400 ? undefined : (value as ErrorBody).error.code;
      if (code !== undefined && content.codes?.includes(code) === false)
        throw new Error(`The document has no ${code} for status ${status} of this operation.`);
    },
  };
}

/** The media type of an answer, without its parameters. */
export const readMediaType = (headers: Answer['headers']): string =>
  (headers['content-type'] ?? '').split(';')[0]?.trim() ?? '';
