/**
 * The fields of a new training job, read from the schema that the server serves.
 *
 * JupyterLab's own form component draws every "a text or null" as a choice between schemas, and
 * knows neither columns nor a first choice of fields: hence this reading of the schema.
 */

import type { TrainingRequest } from '../api';
import type { ISchema, Schemas } from '../jsonschema';

export type Kind =
  | 'text'
  | 'passage'
  | 'number'
  | 'flag'
  | 'choice'
  | 'choices'
  | 'column'
  | 'columns'
  | 'lines'
  | 'moment';

/** What a control holds; an empty text or list leaves the field out. */
export type Value = string | boolean | readonly string[];
export type Values = Readonly<Record<string, Value>>;

export interface IField {
  name: string;
  kind: Kind;
  description: string;
  choices: readonly string[];
  /** Whether leaving the field out means something that is not in the schema. */
  isOptional: boolean;
  initial: Value;
}

/** What most people say, in this order. */
export const MAIN: readonly string[] = [
  'source_table',
  'label_column',
  'problem_type',
  'preset',
  'time_limit',
  'name'
];

/** What programs say, not people. */
const NOT_ASKED = new Set([
  'dataset',
  'feature_engineering_job_id',
  'staged_source',
  'staged_sources'
]);
const PASSAGE = 1000;

/**
 * The fields of a request, in the schema's order.
 *
 * @param model - What is asked for, as the server calls it.
 * @param kinds - The controls of fields whose schema does not tell.
 */
export function fieldsOf(
  schemas: Schemas,
  model = 'AutoMLTrainingRequest',
  kinds: Readonly<Record<string, Kind>> = {}
): IField[] {
  const { properties = {} } = schemas[model];
  return Object.entries(properties)
    .filter(([name]) => !NOT_ASKED.has(name))
    .map(([name, told]) => {
      const schema = resolved(told, schemas);
      const kind = kinds[name] ?? kindOf(name, schema);
      return {
        name,
        kind,
        description: (told.description ?? '').replace(/\s+/g, ' '),
        choices: schema.enum ?? resolved(schema.items, schemas).enum ?? [],
        isOptional: (told.default ?? null) === null,
        initial: valueOf(kind, told.default)
      };
    });
}

/** What the controls show of a request that may lack anything. */
export function valuesOf(fields: readonly IField[], request: object): Values {
  const said = request as Record<string, unknown>;
  return Object.fromEntries(
    fields.map(({ name, kind, initial }) => [
      name,
      (said[name] ?? null) === null ? initial : valueOf(kind, said[name])
    ])
  );
}

/** The request that the controls make; of `base`, what has no control goes along. */
export function requestOf(
  fields: readonly IField[],
  values: Values,
  base: Partial<TrainingRequest> = {}
): TrainingRequest {
  const request: Record<string, unknown> = { ...base };
  for (const { name, kind } of fields) {
    const value = values[name];
    delete request[name];
    if (typeof value === 'boolean') {
      request[name] = value;
    } else if (kind === 'lines') {
      const lines = (value as readonly string[]).map(line => line.trim());
      request[name] = lines.filter(Boolean);
    } else if (value.length) {
      request[name] = kind === 'number' ? Number(value) : value;
    }
  }
  return request as TrainingRequest;
}

/** A schema without its references and without the null that leaves a field out. */
function resolved(schema: ISchema = {}, schemas: Schemas): ISchema {
  if (schema.anyOf) {
    const [first] = schema.anyOf.filter(one => one.type !== 'null');
    return resolved(first, schemas);
  }
  return schema.$ref
    ? resolved(schemas[schema.$ref.split('/').at(-1)!], schemas)
    : schema;
}

function kindOf(name: string, schema: ISchema): Kind {
  switch (schema.type) {
    case 'boolean':
      return 'flag';
    case 'integer':
    case 'number':
      return 'number';
    case 'array':
      return name.endsWith('_columns') ? 'columns' : 'choices';
    default:
      if (schema.enum) {
        return 'choice';
      }
      if (name.endsWith('_column')) {
        return 'column';
      }
      return (schema.maxLength ?? 0) > PASSAGE ? 'passage' : 'text';
  }
}

function valueOf(kind: Kind, content: unknown): Value {
  if (kind === 'flag') {
    return Boolean(content);
  }
  if (kind === 'choices' || kind === 'columns' || kind === 'lines') {
    return Array.isArray(content) ? content.map(String) : [];
  }
  return content === undefined || content === null ? '' : String(content);
}
