/** The controls of a form's fields, one for each `Kind`. */

import { HTMLSelect, InputGroup } from '@jupyterlab/ui-components';
import type { WidgetProps } from '@rjsf/utils';
import type { ComponentType } from 'react';
import { useAutoML } from '../context';
import { plain } from '../words';
import type { Kind } from './fields';
import type { IFormContext } from './fieldset';

export const WIDGETS: Record<Kind, ComponentType<WidgetProps>> = {
  text: Text,
  number: props => <Text {...props} type="number" />,
  moment: props => <Text {...props} type="datetime-local" />,
  passage: Passage,
  lines: Lines,
  flag: Flag,
  choice: props => <Choice {...props} known={enumerated(props)} />,
  choices: props => <Choices {...props} known={enumerated(props)} />,
  column: props =>
    columnsOf(props).length ? (
      <Choice {...props} known={columnsOf(props)} />
    ) : (
      <Text {...props} />
    ),
  columns: props =>
    columnsOf(props).length ? (
      <Choices {...props} known={columnsOf(props)} />
    ) : (
      <Text {...props} />
    )
};

/** A value, and what stands for it. */
type Known = readonly (readonly [string, string])[];

function enumerated({ schema }: WidgetProps): Known {
  const { items } = schema as { items?: { enum?: string[] } };
  const names = (schema.enum ?? items?.enum ?? []) as string[];
  return names.map(one => [one, plain(one)]);
}

function columnsOf({ formContext }: WidgetProps): Known {
  const { columns } = formContext as IFormContext;
  return columns.map(({ name, type }) => [name, `${name} (${type})`]);
}

/** What a control has for those who see nothing, and to tell that somebody was in it. */
function told({ id, value, onBlur, formContext, rawErrors }: WidgetProps) {
  const { prefix, visited } = formContext as IFormContext;
  const isShown =
    visited === null || visited.includes(id.slice(prefix.length + 1));
  return {
    id,
    'aria-describedby': `${id}-told`,
    'aria-invalid': isShown && Boolean(rawErrors?.length),
    onBlur: () => onBlur(id, value)
  };
}

function Text(props: WidgetProps & { type?: string }) {
  const { id, value, onChange, placeholder, options, schema } = props;
  const offers = (options.offers as readonly string[] | undefined) ?? [];
  const isList = schema.type === 'array';
  const list = offers.length ? `${id}-offers` : undefined;
  return (
    <>
      <InputGroup
        {...told(props)}
        type={props.type ?? 'text'}
        step="any"
        list={list}
        spellCheck={false}
        placeholder={placeholder}
        value={isList ? ((value ?? []) as string[]).join(',') : (value ?? '')}
        onChange={event => {
          const text = (event.target as HTMLInputElement).value;
          const meant = isList ? text.split(',').filter(Boolean) : text;
          onChange(meant.length ? meant : undefined);
        }}
      />
      {list && (
        <datalist id={list}>
          {offers.map(one => (
            <option key={one} value={one} />
          ))}
        </datalist>
      )}
    </>
  );
}

function Passage(props: WidgetProps) {
  return (
    <textarea
      {...told(props)}
      className="jp-mod-styled"
      rows={3}
      value={props.value ?? ''}
      onChange={event => props.onChange(event.target.value || undefined)}
    />
  );
}

function Lines(props: WidgetProps) {
  const lines = (props.value ?? []) as readonly string[];
  return (
    <textarea
      {...told(props)}
      className="jp-mod-styled"
      rows={Math.max(3, lines.length)}
      spellCheck={false}
      value={lines.join('\n')}
      onChange={event => {
        const text = event.target.value;
        props.onChange(text ? text.split('\n') : []);
      }}
    />
  );
}

function Flag(props: WidgetProps) {
  return (
    <input
      {...told(props)}
      type="checkbox"
      checked={props.value === true}
      onChange={event => props.onChange(event.target.checked)}
    />
  );
}

function Choice(props: WidgetProps & { known: Known }) {
  const { value, onChange, options, placeholder, known } = props;
  const { trans } = useAutoML();
  const isKnown = !value || known.some(([one]) => one === value);
  return (
    <HTMLSelect
      {...told(props)}
      value={value ?? ''}
      onChange={event => onChange(event.target.value || undefined)}
    >
      {options.isOptional && (
        <option value="">{placeholder || trans.__('None')}</option>
      )}
      {!isKnown && <option value={value}>{value}</option>}
      {known.map(([one, shown]) => (
        <option key={one} value={one}>
          {shown}
        </option>
      ))}
    </HTMLSelect>
  );
}

function Choices(props: WidgetProps & { known: Known }) {
  const { value, onChange, known } = props;
  return (
    <select
      {...told(props)}
      className="jp-mod-styled"
      multiple
      size={Math.min(known.length, 6)}
      value={[...((value ?? []) as readonly string[])]}
      onChange={event =>
        onChange([...event.target.selectedOptions].map(one => one.value))
      }
    >
      {known.map(([one, shown]) => (
        <option key={one} value={one}>
          {shown}
        </option>
      ))}
    </select>
  );
}
