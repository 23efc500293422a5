/** The form of a new training job. */

import { Button } from '@jupyterlab/ui-components';
import { useMutation } from '@tanstack/react-query';
import { useEffect, useMemo, useState, type FormEvent } from 'react';
import { ApiError, type TrainingRequest } from '../api';
import { trainingCell } from '../cell';
import { useAutoML } from '../context';
import { CopyButton } from '../copy';
import { useSettled } from '../jobs/filters';
import { Message, Problem } from '../message';
import { useDatasets, useSchemas, useSource } from '../queries';
import { WithServer } from '../server';
import { Control } from './control';
import {
  fieldsOf,
  MAIN,
  requestOf,
  valuesOf,
  type IField,
  type Value
} from './fields';
import { Rows } from './rows';

export interface INewJobProps {
  /** What is filled in at first. */
  request: Partial<TrainingRequest>;
  /** Called with what is asked for, when it has changed. */
  changed: (request: TrainingRequest) => void;
  /** Called with the job that was made. */
  created: (job: { id: string; name: string }) => void;
}

export function NewJob(props: INewJobProps) {
  return (
    <WithServer>
      <WithSchema {...props} />
    </WithServer>
  );
}

function WithSchema(props: INewJobProps) {
  const { trans } = useAutoML();
  const { data, error, refetch } = useSchemas();
  const fields = useMemo(() => data && fieldsOf(data), [data]);
  if (error && !fields) {
    return <Problem error={error} retry={() => void refetch()} />;
  }
  return fields ? (
    <Form {...props} fields={fields} />
  ) : (
    <Message title={trans.__('Asking the server what a job needs…')} />
  );
}

function Form(props: INewJobProps & { fields: readonly IField[] }) {
  const { fields, request, changed, created } = props;
  const { api, client, trans } = useAutoML();
  const [values, setValues] = useState(() => valuesOf(fields, request));
  const set = (name: string, value: Value) =>
    setValues(before => ({ ...before, [name]: value }));
  const settled = useSettled(values);
  const source = useSource(String(settled.source_table).trim());
  const datasets = useDatasets();
  useEffect(
    () => changed(requestOf(fields, settled, request)),
    // eslint-disable-next-line react-hooks/exhaustive-deps -- tells of values alone
    [settled]
  );
  const creation = useMutation({
    networkMode: 'always',
    mutationFn: () => api.create(requestOf(fields, values, request)),
    onSuccess: job => created({ id: job.job_id, name: job.name }),
    onSettled: () => void client.invalidateQueries()
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    creation.mutate();
  };
  const wrong = wrongs(creation.error, fields);
  const control = (field: IField) => (
    <Control
      key={field.name}
      field={field}
      value={values[field.name]}
      change={value => set(field.name, value)}
      columns={source.data?.columns ?? []}
      offers={field.name === 'source_table' ? datasets.data : undefined}
      error={wrong.fields[field.name]}
    />
  );
  const [first, ...main] = MAIN.flatMap(name =>
    fields.filter(field => field.name === name)
  );
  const others = fields.filter(({ name }) => !MAIN.includes(name));
  const cell = trainingCell(requestOf(fields, values, request), fields);
  const mustUnfold = others.some(({ name }) => wrong.fields[name]);
  return (
    <form
      className="jp-AutoML-newJob"
      aria-label={trans.__('New training job')}
      noValidate
      onSubmit={submit}
    >
      <h1>{trans.__('New training job')}</h1>
      {control(first)}
      {source.data && (
        <Rows
          look={source.data}
          label={String(values.label_column)}
          choose={name => set('label_column', name)}
        />
      )}
      {source.error && (
        <p className="jp-AutoML-notYet" role="status">
          {source.error.message}
        </p>
      )}
      {main.map(control)}
      <details key={String(mustUnfold)} open={mustUnfold}>
        <summary>{trans.__('More')}</summary>
        {others.map(control)}
      </details>
      <details>
        <summary>{trans.__('The same as a cell')}</summary>
        <div className="jp-AutoML-copied">
          <pre>{cell}</pre>
          <CopyButton text={cell} />
        </div>
      </details>
      {creation.error && (
        <div className="jp-AutoML-banner jp-mod-error" role="alert">
          <strong>{trans.__('Nothing was created.')}</strong>{' '}
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
          {creation.isPending ? trans.__('Creating…') : trans.__('Create')}
        </Button>
      </div>
    </form>
  );
}

interface IWrongs {
  /** What no field of the form is to blame for. */
  message: string;
  fields: Readonly<Record<string, string>>;
}

/** Sort what the server says to the fields that it says it of. */
export function wrongs(
  error: Error | null,
  fields: readonly IField[]
): IWrongs {
  const found: Record<string, string> = {};
  const rest: string[] = [];
  const told = error instanceof ApiError ? Object.entries(error.fields) : [];
  for (const [place, message] of told) {
    const [name] = place.split('.');
    if (fields.some(field => field.name === name)) {
      found[name] = message;
    } else {
      rest.push(message);
    }
  }
  const message = told.length ? rest.join(' ') : (error?.message ?? '');
  return { message, fields: found };
}
