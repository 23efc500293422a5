/** What is wrong with a form, by the schema and by the server. */

import {
  DefaultSchemaValidator,
  type ISettingRegistry
} from '@jupyterlab/settingregistry';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IFormComponentProps } from '@jupyterlab/ui-components';
import { ApiError } from '../api';
import type { IField, Values } from './fields';

/** Messages by the fields' names. */
export type Faults = Readonly<Record<string, string>>;

/** JupyterLab's own, so that no other is loaded; it stops at the first error of a schema. */
const SCHEMAS = new DefaultSchemaValidator();

/** What is wrong by the schema alone. */
export function faultsOf(
  fields: readonly IField[],
  values: Values,
  trans: TranslationBundle
): Faults {
  const found: Record<string, string> = {};
  for (const field of fields) {
    const [error] = errorsOf(field, values[field.name]);
    if (error) {
      found[field.name] = worded(error, trans);
    }
  }
  return found;
}

function errorsOf(
  { name, schema, isRequired }: IField,
  value: unknown
): readonly IError[] {
  const whole = {
    type: 'object',
    properties: { [name]: schema },
    required: isRequired ? [name] : []
  };
  const errors = SCHEMAS.validateData(
    {
      id: JSON.stringify(whole),
      raw: JSON.stringify({ [name]: value }),
      schema: whole as unknown as ISettingRegistry.ISchema,
      data: { composite: {}, user: {} },
      version: ''
    },
    false
  );
  return (errors ?? []) as IError[];
}

interface IError {
  keyword: string | string[];
  message?: string;
  params?: Readonly<Record<string, unknown>>;
}

/** An error in the words of a form. */
function worded(error: IError, trans: TranslationBundle): string {
  const { limit, comparison, pattern } = error.params ?? {};
  switch (error.keyword) {
    case 'required':
    case 'minLength':
    case 'minItems':
      return trans.__('This is needed.');
    case 'pattern':
      return pattern === '\\S'
        ? trans.__('This is needed.')
        : trans.__(
            'Only letters, digits and _ make a name, and no digit begins it.'
          );
    case 'maxLength':
      return trans.__('At most %1 characters.', `${limit}`);
    case 'maxItems':
      return trans.__('At most %1 of them.', `${limit}`);
    default:
      return limit === undefined
        ? trans.__('This cannot be: %1.', error.message ?? '')
        : trans.__('A number %1 %2.', `${comparison}`, `${limit}`);
  }
}

/** The same for JupyterLab's form component. */
export function validatorOf(
  fields: readonly IField[],
  trans: TranslationBundle
): IFormComponentProps['validator'] {
  return {
    validateFormData: values => {
      const faults = Object.entries(faultsOf(fields, values ?? {}, trans));
      return {
        errors: faults.map(([name, message]) => ({
          property: name,
          message,
          stack: message
        })),
        errorSchema: errorSchemaOf(Object.fromEntries(faults))
      };
    },
    isValid: () => true, // asked of choices between schemas alone, and there are none
    rawValidation: () => ({ errors: [] }),
    toErrorList: () => []
  };
}

export function errorSchemaOf(
  faults: Faults
): NonNullable<IFormComponentProps['extraErrors']> {
  return Object.fromEntries(
    Object.entries(faults).map(([name, message]) => [
      name,
      { __errors: [message] }
    ])
  ) as object;
}

export interface IRefusal {
  /** What no field of the form is to blame for. */
  message: string;
  fields: Faults;
}

/** Sort what the server says to the fields that it says it of. */
export function refusalOf(
  error: Error | null,
  names: readonly string[]
): IRefusal {
  const found: Record<string, string> = {};
  const rest: string[] = [];
  const told = error instanceof ApiError ? Object.entries(error.fields) : [];
  for (const [place, message] of told) {
    const [name] = place.split('.');
    if (names.includes(name)) {
      found[name] = message;
    } else {
      rest.push(message);
    }
  }
  const message = told.length ? rest.join(' ') : (error?.message ?? '');
  return { message, fields: found };
}
