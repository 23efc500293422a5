/**
 * The fields of a request, read from the schema that the server serves.
 *
 * JupyterLab's form component draws "a text or null" as a choice between two schemas. So what may
 * be left out is told here as a schema that is not required, and its control by a name.
 */

import type { ISchema, Schemas } from '../jsonschema';
import { plain } from '../words';

/** The control that a field is drawn with; see `widgets.tsx`. */
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

/** What a form holds, by the fields' names; what is undefined is left out. */
export type Values = Readonly<Record<string, unknown>>;

export interface IField {
  name: string;
  kind: Kind;
  /** Without references, and without the null that leaves a field out. */
  schema: ISchema;
  isRequired: boolean;
  /** Whether leaving the field out means something that is not in the schema. */
  isOptional: boolean;
  initial: unknown;
}

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
  model: string,
  kinds: Readonly<Record<string, Kind>> = {}
): IField[] {
  const { properties = {}, required = [] } = schemas[model];
  return Object.entries(properties)
    .filter(([name]) => !NOT_ASKED.has(name))
    .map(([name, told]) => {
      const schema = resolved(told, schemas);
      const title = plain(name);
      return {
        name,
        kind: kinds[name] ?? kindOf(name, schema),
        schema: {
          ...schema,
          title: title[0].toUpperCase() + title.slice(1),
          description: (told.description ?? '').replace(/\s+/g, ' ')
        },
        isRequired: required.includes(name),
        isOptional: (told.default ?? null) === null,
        initial: told.default ?? undefined
      };
    });
}

/** Some fields by their names, in this order. */
export function named(
  fields: readonly IField[],
  names: readonly string[]
): IField[] {
  return names.flatMap(name => fields.filter(field => field.name === name));
}

/** What the controls show of a request that may lack anything. */
export function valuesOf(fields: readonly IField[], request: object): Values {
  const said = request as Values;
  return Object.fromEntries(
    fields.map(({ name, initial }) => [name, said[name] ?? initial])
  );
}

/** The request that the values make; of `base`, what has no control goes along. */
export function requestOf<R extends object>(
  fields: readonly IField[],
  values: Values,
  base: object = {}
): R {
  const request: Record<string, unknown> = { ...base };
  for (const { name, kind } of fields) {
    const value = values[name];
    delete request[name];
    if (kind === 'lines') {
      const lines = (value ?? []) as readonly string[];
      request[name] = lines.map(line => line.trim()).filter(Boolean);
    } else if (!isNothing(value)) {
      request[name] = value;
    }
  }
  return request as R;
}

function isNothing(value: unknown): boolean {
  return (
    value === undefined ||
    value === null ||
    value === '' ||
    (Array.isArray(value) && !value.length)
  );
}

function resolved(schema: ISchema = {}, schemas: Schemas): ISchema {
  if (schema.anyOf) {
    const [first] = schema.anyOf.filter(one => one.type !== 'null');
    return resolved(first, schemas);
  }
  if (schema.$ref) {
    return resolved(schemas[schema.$ref.split('/').at(-1)!], schemas);
  }
  return {
    type: 'string', // of whatever the schema leaves open
    ...schema,
    ...(schema.items && { items: resolved(schema.items, schemas) }),
    default: undefined,
    format: undefined
  };
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
