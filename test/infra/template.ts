import { everything as allParameters, synthesize as run } from './serverless.mjs';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

export interface Resource {
  readonly Type: string;
  readonly Properties: JsonObject;
  readonly [attribute: string]: Json;
}

/** A CloudFormation template. */
export interface Template {
  readonly Resources: Readonly<Record<string, Resource>>;
  readonly Outputs: Readonly<Record<string, JsonObject>>;
  readonly Parameters?: Readonly<Record<string, JsonObject>>;
}

type Params = Readonly<Record<string, string>>;

/** Parameters that add every part there is. */
export const everything: Params = allParameters;

const made = new Map<string, Template>();

/** The template that the real `serverless package` makes, offline. Made once per test file and set of parameters. */
export function synthesize(stage: string, params: Params = {}): Template {
  const key = JSON.stringify([stage, params]);
  const template = made.get(key) ?? (run(stage, params) as Template);
  made.set(key, template);
  return template;
}

/** A resource's properties; an Error names the resources there are when it is not among them. */
export function propertiesOf({ Resources }: Template, name: string): JsonObject {
  const resource = Resources[name];
  if (!resource) throw new Error(`No resource ${name} among ${Object.keys(Resources).join(', ')}.`);
  return resource.Properties;
}

/** Names of the resources of a type. */
export const namesOfType = ({ Resources }: Template, type: string): string[] =>
  Object.keys(Resources).filter((name) => Resources[name]?.Type === type);

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const textOfFunction = (name: string, operand: Json): string => {
  if (name === 'Ref') return `<${operand}>`;
  if (name === 'Fn::GetAtt' && Array.isArray(operand)) return `<${operand.join('.')}>`;
  if (name === 'Fn::Join' && Array.isArray(operand)) return (operand[1] as Json[]).map(textOf).join(String(operand[0]));
  if (name === 'Fn::Sub' && typeof operand === 'string') return operand.replaceAll(/\$\{([^}]+)\}/g, '<$1>');
  throw new Error(`No text for ${name} ${JSON.stringify(operand)}.`);
};

/** A value with its functions written out: `{Ref: A}` is `<A>`, joins and substitutions are one text. */
export function textOf(value: Json | undefined): string {
  if (!isObject(value)) return String(value);
  const [[name, operand] = ['', null]] = Object.entries(value);
  return textOfFunction(name, operand);
}

/** The value at a path of names and numbers; undefined where the path ends early. */
export function at(value: Json | undefined, ...path: readonly (string | number)[]): Json | undefined {
  return path.reduce<Json | undefined>((found, step) => {
    if (Array.isArray(found)) return found[Number(step)] as Json | undefined;
    return isObject(found) ? found[step] : undefined;
  }, value);
}

/** A value that is a list; a single value is a list of one, as in a policy. */
export const listOf = (value: Json | undefined): readonly Json[] =>
  value === undefined ? [] : Array.isArray(value) ? (value as readonly Json[]) : [value];
