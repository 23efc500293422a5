/** As much of JSON schemas as is read here. */

export interface ISchema {
  $ref?: string;
  anyOf?: ISchema[];
  type?: string;
  enum?: string[];
  items?: ISchema;
  properties?: Record<string, ISchema>;
  default?: unknown;
  description?: string;
  maxLength?: number;
}

/** Schemas by their names, as in `components` of an OpenAPI document. */
export type Schemas = Readonly<Record<string, ISchema>>;
