/** As much of JSON schemas as is read here. */

export interface ISchema {
  $ref?: string;
  anyOf?: ISchema[];
  type?: string;
  enum?: string[];
  items?: ISchema;
  properties?: Record<string, ISchema>;
  required?: string[];
  title?: string;
  default?: unknown;
  description?: string;
  format?: string;
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
}

/** Schemas by their names, as in `components` of an OpenAPI document. */
export type Schemas = Readonly<Record<string, ISchema>>;
