/** Some fields of a request, drawn by JupyterLab's form component from their schema. */

import {
  FormComponent,
  type IFormComponentProps
} from '@jupyterlab/ui-components';
import type { ReadonlyJSONObject } from '@lumino/coreutils';
import type { FieldTemplateProps, ObjectFieldTemplateProps } from '@rjsf/utils';
import { useId, useMemo, useState } from 'react';
import type { SourceColumn } from '../api';
import { useAutoML } from '../context';
import type { IField, Values } from './fields';
import { errorSchemaOf, validatorOf, type Faults } from './validation';
import { WIDGETS } from './widgets';

export interface IFieldsetProps {
  fields: readonly IField[];
  values: Values;
  /** Called with the values of these fields that have changed. */
  change: (values: Values) => void;
  /** The source's columns; none where they are not known. */
  columns?: readonly SourceColumn[];
  /** What a text may be, by field; others are taken as well. */
  offers?: Readonly<Record<string, readonly string[]>>;
  /** What stands for a field that is left out. */
  placeholders?: Readonly<Record<string, string>>;
  /** What is told of a field as it stands. */
  notes?: Readonly<Record<string, string>>;
  /** What the server says is wrong. */
  faults?: Faults;
  /** Show all that is wrong, not only in fields that somebody has been in. */
  isTried?: boolean;
}

/** What templates and widgets know besides a field's schema. */
export interface IFormContext {
  columns: readonly SourceColumn[];
  prefix: string;
  /** Whose faults are shown; all where it is null. */
  visited: readonly string[] | null;
}

export function Fieldset(props: IFieldsetProps) {
  const { fields, values, change, columns = [], isTried } = props;
  const { offers = {}, placeholders = {}, notes = {}, faults = {} } = props;
  const { trans } = useAutoML();
  const prefix = useId();
  const [visited, setVisited] = useState<readonly string[]>([]);
  const validator = useMemo(() => validatorOf(fields, trans), [fields, trans]);
  const schema = useMemo(
    () => ({
      type: 'object' as const,
      properties: Object.fromEntries(
        fields.map(one => [one.name, one.schema as object])
      ),
      required: fields.filter(one => one.isRequired).map(({ name }) => name)
    }),
    [fields]
  );
  const uiSchema: IFormComponentProps['uiSchema'] = Object.fromEntries(
    fields.map(({ name, kind, isOptional }) => [
      name,
      {
        'ui:widget': kind,
        'ui:placeholder': placeholders[name],
        'ui:help': notes[name],
        'ui:options': { offers: offers[name], isOptional }
      }
    ])
  );
  const own = (all: Values) =>
    Object.fromEntries(fields.map(({ name }) => [name, all[name]]));
  const context: IFormContext = {
    columns,
    prefix,
    visited: isTried ? null : visited
  };
  const visit = (id: string) => {
    const name = id.slice(prefix.length + 1);
    setVisited(known => (known.includes(name) ? known : [...known, name]));
  };
  return (
    <FormComponent
      tagName="div"
      idPrefix={prefix}
      schema={schema}
      uiSchema={uiSchema}
      formData={own(values) as ReadonlyJSONObject}
      formContext={context}
      validator={validator}
      extraErrors={errorSchemaOf(faults)}
      liveValidate
      showErrorList={false}
      experimental_defaultFormStateBehavior={{
        emptyObjectFields: 'skipDefaults', // or nobody could empty a field that has one
        arrayMinItems: { populate: 'never' }
      }}
      templates={{ FieldTemplate: Field, ObjectFieldTemplate: Group }}
      widgets={WIDGETS}
      onBlur={visit}
      onChange={({ formData }) => {
        const said = own(formData ?? {});
        if (JSON.stringify(said) !== JSON.stringify(own(values))) {
          change(said); // it also speaks up where nothing but an undefined value has gone
        }
      }}
    />
  );
}

function Group({ properties }: ObjectFieldTemplateProps) {
  return <>{properties.map(({ content }) => content)}</>;
}

/** A field with its words and with what is wrong; JupyterLab's own names no control for readers. */
function Field(props: FieldTemplateProps) {
  const { id, label, children, rawDescription, rawHelp, rawErrors } = props;
  const { prefix, visited } = props.formContext as IFormContext;
  if (id === prefix) {
    return children;
  }
  const name = id.slice(prefix.length + 1);
  const isShown = visited === null || visited.includes(name);
  const [fault] = isShown && rawErrors ? rawErrors : []; // the server says the same in other words
  return (
    <div
      className={`jp-AutoML-field jp-mod-${props.uiSchema?.['ui:widget']}`}
      data-field={name}
    >
      <label htmlFor={id}>{label}</label>
      {children}
      <div id={`${id}-told`} className="jp-AutoML-fieldTold">
        {fault && <strong role="alert">{fault}</strong>}
        {rawHelp && <em role="status">{rawHelp}</em>}
        <span>{rawDescription}</span>
      </div>
    </div>
  );
}
