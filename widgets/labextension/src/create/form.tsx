/** The form of a new training job. */

import { useEffect, useMemo, useState } from 'react';
import type { TrainingRequest } from '../api';
import { trainingCell } from '../cell';
import { useAutoML } from '../context';
import { CopyButton } from '../copy';
import {
  fieldsOf,
  named,
  requestOf,
  valuesOf,
  type IField,
  type Values
} from '../form/fields';
import { Fieldset } from '../form/fieldset';
import { Form, More, useSending, WithSchemas } from '../form/form';
import type { IAsking } from '../form/tab';
import { faultsOf, refusalOf, type Faults } from '../form/validation';
import type { Schemas } from '../jsonschema';
import { useSettled } from '../lists/filters';
import { useCheck, useDatasets, useSource } from '../queries';
import { plain } from '../words';
import { Rows } from './rows';

/** What most people say, in this order; the rows stand behind the source. */
const MAIN = ['label_column', 'problem_type', 'preset', 'time_limit', 'name'];

type Asking = IAsking<TrainingRequest>;

export function NewJob(props: Asking) {
  return (
    <WithSchemas>
      {schemas => <Filled {...props} schemas={schemas} />}
    </WithSchemas>
  );
}

/** The fields of a training request, grouped as the form shows them. */
function useFields(schemas: Schemas) {
  return useMemo(() => {
    const all = fieldsOf(schemas, 'AutoMLTrainingRequest');
    const isOther = ({ name }: IField) =>
      name !== 'source_table' && !MAIN.includes(name);
    return {
      all,
      source: named(all, ['source_table']),
      main: named(all, MAIN),
      others: all.filter(isOther)
    };
  }, [schemas]);
}

function Filled(props: Asking & { schemas: Schemas }) {
  const { schemas, request, changed, created } = props;
  const { api, trans } = useAutoML();
  const fields = useFields(schemas);
  const [values, setValues] = useState(() => valuesOf(fields.all, request));
  const asked = requestOf<TrainingRequest>(fields.all, values, request);
  const settled = useSettled(JSON.stringify(asked));
  const known = JSON.parse(settled) as TrainingRequest;
  useEffect(
    () => changed(JSON.parse(settled) as TrainingRequest),
    // eslint-disable-next-line react-hooks/exhaustive-deps -- tells of values alone
    [settled]
  );
  const faults = faultsOf(fields.all, values, trans);
  const isFilled = Object.keys(faults).length === 0;
  const source = useSource((known.source_table ?? '').trim());
  const datasets = useDatasets();
  const check = useCheck(without(known, faults), source.isSuccess);
  const sending = useSending(
    () => api.create(asked),
    isFilled,
    job => created({ id: job.job_id, name: job.name })
  );
  const refusal = refusalOf(
    sending.error ?? check.error,
    fields.all.map(({ name }) => name)
  );
  const change = (some: Values) => {
    setValues(before => ({ ...before, ...some }));
    sending.forget();
  };
  const drawn = {
    values,
    change,
    columns: source.data?.columns,
    faults: refusal.fields,
    isTried: sending.isTried,
    ...useFound(known, check.data)
  };
  const wrong = { ...faults, ...refusal.fields };
  const cell = trainingCell(asked, fields.all);
  return (
    <Form
      title={trans.__('New training job')}
      words={[trans.__('Create'), trans.__('Creating…')]}
      refused={trans.__('Nothing was created.')}
      sending={sending}
      message={refusal.message}
    >
      <Fieldset
        {...drawn}
        fields={fields.source}
        offers={{ source_table: datasets.data ?? [] }}
      />
      {source.data && (
        <Rows
          look={source.data}
          label={known.label_column ?? ''}
          choose={name => change({ label_column: name })}
        />
      )}
      {source.error && (
        <p className="jp-AutoML-notYet" role="status">
          {source.error.message}
        </p>
      )}
      <Fieldset {...drawn} fields={fields.main} />
      <More
        isWrong={sending.isTried && fields.others.some(one => wrong[one.name])}
      >
        <Fieldset {...drawn} fields={fields.others} />
      </More>
      <details>
        <summary>{trans.__('The same as a cell')}</summary>
        <div className="jp-AutoML-copied">
          <pre>{cell}</pre>
          <CopyButton text={cell} />
        </div>
      </details>
    </Form>
  );
}

/** The request without what is known to be wrong, so that the server can tell of the rest. */
function without(request: TrainingRequest, faults: Faults): TrainingRequest {
  const right = Object.entries(request).filter(([name]) => !faults[name]);
  return Object.fromEntries(right) as TrainingRequest;
}

/** What the server finds where nothing is said, and why. */
function useFound(
  { problem_type }: TrainingRequest,
  check: ReturnType<typeof useCheck>['data']
) {
  const { trans } = useAutoML();
  const placeholders: Record<string, string> = {
    problem_type: trans.__('Detected from the label'),
    executor: trans.__('The server’s default'),
    algorithm: trans.__('The best of all'),
    predictor_type: trans.__('Found from the columns')
  };
  if (!check) {
    return { placeholders };
  }
  const notes: Record<string, string> = {};
  if (!problem_type) {
    placeholders.problem_type = trans.__(
      'Detected: %1',
      plain(check.problem_type)
    );
    notes.problem_type = check.reason;
  }
  placeholders.name = check.name;
  if (check.time_limit !== null) {
    placeholders.time_limit = String(check.time_limit);
  }
  return { placeholders, notes };
}
