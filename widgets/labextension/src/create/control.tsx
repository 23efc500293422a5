/** The control of one field, with its words and with what is wrong with it. */

import { HTMLSelect, InputGroup } from '@jupyterlab/ui-components';
import { useId } from 'react';
import type { SourceColumn } from '../api';
import { useAutoML } from '../context';
import { plain } from '../words';
import type { IField, Kind, Value } from './fields';

export interface IControlProps {
  field: IField;
  value: Value;
  change: (value: Value) => void;
  /** The source's columns; none where they are not known. */
  columns: readonly SourceColumn[];
  /** What a text may be; others are taken as well. */
  offers?: readonly string[];
  error?: string;
}

export function Control(props: IControlProps) {
  const { field, error } = props;
  const id = useId();
  const name = plain(field.name);
  const told = {
    id,
    'aria-describedby': `${id}-told`,
    'aria-invalid': !!error
  };
  return (
    <div
      className={`jp-AutoML-field jp-mod-${field.kind}`}
      data-field={field.name}
    >
      <label htmlFor={id}>{name[0].toUpperCase() + name.slice(1)}</label>
      <Entry {...props} told={told} />
      <div id={`${id}-told`} className="jp-AutoML-fieldTold">
        {error && <strong role="alert">{error}</strong>}
        <span>{field.description}</span>
      </div>
    </div>
  );
}

interface ITold {
  id: string;
  'aria-describedby': string;
  'aria-invalid': boolean;
}

function Entry(props: IControlProps & { told: ITold }) {
  const { field, value, change, columns, told } = props;
  switch (field.kind) {
    case 'flag':
      return (
        <input
          {...told}
          type="checkbox"
          checked={value === true}
          onChange={event => change(event.target.checked)}
        />
      );
    case 'choice':
      return <Choice {...props} options={field.choices.map(one => [one])} />;
    case 'choices':
      return <Choices {...props} options={field.choices.map(one => [one])} />;
    case 'column':
      return columns.length ? (
        <Choice {...props} options={named(columns)} />
      ) : (
        <Text {...props} />
      );
    case 'columns':
      return columns.length ? (
        <Choices {...props} options={named(columns)} />
      ) : (
        <Text {...props} />
      );
    case 'passage':
      return (
        <textarea
          {...told}
          className="jp-mod-styled"
          rows={3}
          value={String(value)}
          onChange={event => change(event.target.value)}
        />
      );
    case 'lines':
      return (
        <textarea
          {...told}
          className="jp-mod-styled"
          rows={Math.max(3, (value as readonly string[]).length)}
          spellCheck={false}
          value={(value as readonly string[]).join('\n')}
          onChange={event => {
            const text = event.target.value;
            change(text ? text.split('\n') : []);
          }}
        />
      );
    default:
      return <Text {...props} />;
  }
}

/** A value, and what stands for it where that is something else. */
type Option = readonly [string, string?];
type EntryProps = IControlProps & { told: ITold };

const named = (columns: readonly SourceColumn[]): Option[] =>
  columns.map(({ name, type }) => [name, `${name} (${type})`]);

function Choice({
  field,
  value,
  change,
  options,
  told
}: EntryProps & { options: readonly Option[] }) {
  const { trans } = useAutoML();
  const isKnown = !value || options.some(([one]) => one === value);
  const nothing =
    field.name === 'problem_type'
      ? trans.__('Detected from the label')
      : field.kind === 'column'
        ? trans.__('None')
        : trans.__('By default');
  return (
    <HTMLSelect
      {...told}
      value={String(value)}
      onChange={event => change(event.target.value)}
    >
      {field.isOptional && <option value="">{nothing}</option>}
      {!isKnown && <option value={String(value)}>{String(value)}</option>}
      {options.map(([one, shown]) => (
        <option key={one} value={one}>
          {shown ?? plain(one)}
        </option>
      ))}
    </HTMLSelect>
  );
}

function Choices({
  value,
  change,
  options,
  told
}: EntryProps & { options: readonly Option[] }) {
  return (
    <select
      {...told}
      className="jp-mod-styled"
      multiple
      size={Math.min(options.length, 6)}
      value={[...(value as readonly string[])]}
      onChange={event =>
        change([...event.target.selectedOptions].map(one => one.value))
      }
    >
      {options.map(([one, shown]) => (
        <option key={one} value={one}>
          {shown ?? plain(one)}
        </option>
      ))}
    </select>
  );
}

const TYPES: Partial<Record<Kind, string>> = {
  number: 'number',
  moment: 'datetime-local'
};

function Text({ field, value, change, offers = [], told }: EntryProps) {
  const isList = field.kind === 'columns';
  const list = offers.length ? `${told.id}-offers` : undefined;
  return (
    <>
      <InputGroup
        {...told}
        type={TYPES[field.kind] ?? 'text'}
        step="any"
        list={list}
        spellCheck={false}
        value={isList ? (value as readonly string[]).join(',') : String(value)}
        onChange={event => {
          const text = (event.target as HTMLInputElement).value;
          change(isList ? text.split(',').filter(Boolean) : text);
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
