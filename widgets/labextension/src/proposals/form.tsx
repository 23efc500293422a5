/** The form that asks the crew for a training table. */

import { Button, HTMLSelect } from '@jupyterlab/ui-components';
import { useMutation, useQueries } from '@tanstack/react-query';
import { useEffect, useMemo, useState, type FormEvent } from 'react';
import type { ProposalRequest, SourceColumn } from '../api';
import { useAutoML } from '../context';
import { Control } from '../create/control';
import {
  fieldsOf,
  requestOf,
  valuesOf,
  type IField,
  type Kind,
  type Value,
  type Values
} from '../create/fields';
import { wrongs } from '../create/form';
import { useSettled } from '../jobs/filters';
import { Message, Problem } from '../message';
import { labelOf, labelValues } from '../proposal/label';
import { useDatasets, useSchemas } from '../queries';
import { WithServer } from '../server';

const KINDS: Readonly<Record<string, Kind>> = {
  source_tables: 'lines',
  entity_grain: 'columns',
  join_hints: 'lines',
  cutoff: 'moment'
};
/** What most people say, in this order; the label stands in between. */
const BEFORE = [
  'target_table_name',
  'description',
  'source_tables',
  'entity_grain'
];
const AFTER = ['time_column', 'cutoff', 'join_hints'];
/** What has a part of its own, or none here. */
const APART = ['label', 'time_columns'];

export interface IProposeProps {
  /** What is filled in at first. */
  request: Partial<ProposalRequest>;
  /** Called with what is asked for, when it has changed. */
  changed: (request: Partial<ProposalRequest>) => void;
  /** Called with the job that was made. */
  created: (job: { id: string; name: string }) => void;
}

export function Propose(props: IProposeProps) {
  return (
    <WithServer>
      <WithSchema {...props} />
    </WithServer>
  );
}

function WithSchema(props: IProposeProps) {
  const { trans } = useAutoML();
  const { data, error, refetch } = useSchemas();
  const fields = useMemo(
    () =>
      data && {
        own: fieldsOf(data, 'FeatureEngineeringRequest', KINDS).filter(
          ({ name }) => !APART.includes(name)
        ),
        label: fieldsOf(data, 'LabelSpec')
      },
    [data]
  );
  if (error && !fields) {
    return <Problem error={error} retry={() => void refetch()} />;
  }
  return fields ? (
    <Form {...props} fields={fields.own} labelFields={fields.label} />
  ) : (
    <Message title={trans.__('Asking the server what the crew needs…')} />
  );
}

interface IFormProps extends IProposeProps {
  fields: readonly IField[];
  labelFields: readonly IField[];
}

function Form(props: IFormProps) {
  const { fields, labelFields, request, changed, created } = props;
  const { api, client, trans } = useAutoML();
  const [values, setValues] = useState(() => valuesOf(fields, request));
  const [label, setLabel] = useState<Values>(
    () =>
      request.label ? labelValues(request.label) : { name: '', type: 'binary' } // called like its column then
  );
  const asked = requested(fields, values, label);
  const settled = useSettled(JSON.stringify(asked));
  const tables = (JSON.parse(settled) as ProposalRequest).source_tables ?? [];
  const columns = useColumns(tables);
  useEffect(
    () => changed(JSON.parse(settled) as ProposalRequest),
    // eslint-disable-next-line react-hooks/exhaustive-deps -- tells of values alone
    [settled]
  );
  const creation = useMutation({
    networkMode: 'always',
    mutationFn: () => api.propose(asked),
    onSuccess: job => created({ id: job.job_id, name: job.target_table_name }),
    onSettled: () => void client.invalidateQueries()
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    creation.mutate();
  };
  const wrong = wrongs(creation.error, [...fields, LABEL]);
  const set = (name: string, value: Value) =>
    setValues(before => ({ ...before, [name]: value }));
  const control = (field: IField) => (
    <Control
      key={field.name}
      field={field}
      value={values[field.name]}
      change={value => set(field.name, value)}
      columns={columns.all}
      error={wrong.fields[field.name]}
    />
  );
  const named = (names: readonly string[]) =>
    names.flatMap(name => fields.filter(field => field.name === name));
  const others = fields.filter(
    ({ name }) => ![...BEFORE, ...AFTER].includes(name)
  );
  const mustUnfold = others.some(({ name }) => wrong.fields[name]);
  return (
    <form
      className="jp-AutoML-newJob"
      aria-label={trans.__('New training table')}
      noValidate
      onSubmit={submit}
    >
      <h1>{trans.__('New training table')}</h1>
      <p className="jp-AutoML-notYet">
        {trans.__(
          'The crew looks at several tables and proposes one with a row for each of what you name. You review it before it is made.'
        )}
      </p>
      {named(BEFORE).map(field =>
        field.name === 'source_tables' ? (
          <Tables
            key={field.name}
            tables={values.source_tables as readonly string[]}
            change={chosen => set('source_tables', chosen)}
            told={columns.told}
          >
            {control(field)}
          </Tables>
        ) : (
          control(field)
        )
      )}
      <fieldset className="jp-AutoML-label">
        <legend>{trans.__('Label')}</legend>
        {wrong.fields.label && (
          <p className="jp-AutoML-banner jp-mod-error" role="alert">
            {wrong.fields.label}
          </p>
        )}
        {labelFields.map(field => (
          <Control
            key={field.name}
            field={field}
            value={label[field.name] ?? ''}
            change={value =>
              setLabel(before => ({ ...before, [field.name]: value }))
            }
            columns={[]}
            offers={
              field.name === 'column'
                ? columns.all.map(({ name }) => name)
                : undefined
            }
          />
        ))}
      </fieldset>
      {named(AFTER).map(control)}
      <details key={String(mustUnfold)} open={mustUnfold}>
        <summary>{trans.__('More')}</summary>
        {others.map(control)}
      </details>
      {creation.error && (
        <div className="jp-AutoML-banner jp-mod-error" role="alert">
          <strong>{trans.__('Nothing was started.')}</strong>{' '}
          {wrong.message || trans.__('See what is marked above.')}
        </div>
      )}
      <div className="jp-AutoML-actions">
        <Button
          type="submit"
          minimal={false}
          className="jp-mod-styled jp-mod-accept"
          disabled={creation.isPending}
        >
          {creation.isPending ? trans.__('Starting…') : trans.__('Propose')}
        </Button>
      </div>
    </form>
  );
}

const LABEL = { name: 'label' } as IField;

function requested(
  fields: readonly IField[],
  values: Values,
  label: Values
): ProposalRequest {
  const request = requestOf(fields, values) as unknown as ProposalRequest;
  return { ...request, label: labelOf(label) };
}

interface IColumns {
  /** Those of all tables, each name once. */
  all: SourceColumn[];
  /** What is known of each table, in a line. */
  told: string[];
}

function useColumns(tables: readonly string[]): IColumns {
  const { api, trans } = useAutoML();
  const looks = useQueries({
    queries: tables.map(table => ({
      queryKey: ['source', table],
      queryFn: () => api.lookAtSource(table),
      staleTime: 60_000
    }))
  });
  const all = new Map<string, SourceColumn>();
  const told = looks.map(({ data, error }, place) => {
    const table = tables[place];
    if (error) {
      return error.message;
    }
    if (!data) {
      return trans.__('%1: looking…', table);
    }
    data.columns.forEach(one => all.has(one.name) || all.set(one.name, one));
    return `${table}: ${data.columns.map(one => one.name).join(', ')}`;
  });
  return { all: [...all.values()], told };
}

interface ITablesProps {
  tables: readonly string[];
  change: (tables: readonly string[]) => void;
  told: readonly string[];
  children: React.ReactNode;
}

/** The control of the tables, with what can be added and what each of them holds. */
function Tables({ tables, change, told, children }: ITablesProps) {
  const { trans } = useAutoML();
  const datasets = useDatasets();
  const offered = (datasets.data ?? []).filter(name => !tables.includes(name));
  return (
    <div className="jp-AutoML-tables">
      {children}
      {offered.length > 0 && (
        <HTMLSelect
          value=""
          aria-label={trans.__('Add a table')}
          onChange={event =>
            change([...tables.filter(Boolean), event.target.value])
          }
        >
          <option value="">{trans.__('Add a table…')}</option>
          {offered.map(name => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </HTMLSelect>
      )}
      <ul className="jp-AutoML-notYet" aria-label={trans.__('Their columns')}>
        {told.map(line => (
          <li key={line}>{line}</li>
        ))}
      </ul>
    </div>
  );
}
