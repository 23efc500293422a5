/** The form that asks the crew for a training table. */

import { HTMLSelect } from '@jupyterlab/ui-components';
import { useQueries } from '@tanstack/react-query';
import { useEffect, useMemo, useState, type ReactNode } from 'react';
import type { ProposalRequest, SourceColumn } from '../api';
import { useAutoML } from '../context';
import {
  fieldsOf,
  named,
  requestOf,
  valuesOf,
  type Kind,
  type Values
} from '../form/fields';
import { Fieldset } from '../form/fieldset';
import { Form, More, useSending, WithSchemas } from '../form/form';
import type { IAsking } from '../form/tab';
import { faultsOf, refusalOf } from '../form/validation';
import type { Schemas } from '../jsonschema';
import { useSettled } from '../lists/filters';
import { labelOf, labelValues } from '../proposal/label';
import { useDatasets } from '../queries';

const KINDS: Readonly<Record<string, Kind>> = {
  source_tables: 'lines',
  entity_grain: 'columns',
  join_hints: 'lines',
  cutoff: 'moment'
};
/** What most people say, in this order; the tables' columns and the label stand in between. */
const TABLES = ['target_table_name', 'description', 'source_tables'];
const GRAIN = ['entity_grain'];
const MOMENT = ['time_column', 'cutoff', 'join_hints'];
/** What has a part of its own, or none here. */
const APART = ['label', 'time_columns'];

type Asking = IAsking<ProposalRequest>;

export function Propose(props: Asking) {
  return (
    <WithSchemas>
      {schemas => <Filled {...props} schemas={schemas} />}
    </WithSchemas>
  );
}

function useFields(schemas: Schemas) {
  return useMemo(() => {
    const all = fieldsOf(schemas, 'FeatureEngineeringRequest', KINDS).filter(
      ({ name }) => !APART.includes(name)
    );
    const shown = [...TABLES, ...GRAIN, ...MOMENT];
    return {
      all,
      tables: named(all, TABLES),
      grain: named(all, GRAIN),
      moment: named(all, MOMENT),
      others: all.filter(({ name }) => !shown.includes(name)),
      label: fieldsOf(schemas, 'LabelSpec')
    };
  }, [schemas]);
}

function Filled(props: Asking & { schemas: Schemas }) {
  const { schemas, request, changed, created } = props;
  const { api, trans } = useAutoML();
  const fields = useFields(schemas);
  const [values, setValues] = useState(() => valuesOf(fields.all, request));
  const [label, setLabel] = useState<Values>(
    () => (request.label ? labelValues(request.label) : { type: 'binary' }) // called like its column then
  );
  const asked: ProposalRequest = {
    ...requestOf<ProposalRequest>(fields.all, values),
    label: labelOf(label)
  };
  const settled = useSettled(JSON.stringify(asked));
  const tables = (JSON.parse(settled) as ProposalRequest).source_tables ?? [];
  const columns = useColumns(tables);
  useEffect(
    () => changed(JSON.parse(settled) as ProposalRequest),
    // eslint-disable-next-line react-hooks/exhaustive-deps -- tells of values alone
    [settled]
  );
  const faults = faultsOf(fields.all, values, trans);
  const sending = useSending(
    () => api.propose(asked),
    Object.keys(faults).length === 0,
    job => created({ id: job.job_id, name: job.target_table_name })
  );
  const refusal = refusalOf(sending.error, [
    'label',
    ...fields.all.map(({ name }) => name)
  ]);
  const change = (some: Values) => {
    setValues(before => ({ ...before, ...some }));
    sending.forget();
  };
  const drawn = {
    values,
    change,
    columns: columns.all,
    faults: refusal.fields,
    isTried: sending.isTried
  };
  const wrong = { ...faults, ...refusal.fields };
  return (
    <Form
      title={trans.__('New training table')}
      words={[trans.__('Propose'), trans.__('Starting…')]}
      refused={trans.__('Nothing was started.')}
      sending={sending}
      message={refusal.message}
    >
      <p className="jp-AutoML-notYet">
        {trans.__(
          'The crew looks at several tables and proposes one with a row for each of what you name. You review it before it is made.'
        )}
      </p>
      <Tables
        tables={(values.source_tables ?? []) as readonly string[]}
        change={chosen => change({ source_tables: chosen })}
        told={columns.told}
      >
        <Fieldset {...drawn} fields={fields.tables} />
      </Tables>
      <Fieldset {...drawn} fields={fields.grain} />
      <fieldset className="jp-AutoML-label">
        <legend>{trans.__('Label')}</legend>
        {refusal.fields.label && (
          <p className="jp-AutoML-banner jp-mod-error" role="alert">
            {refusal.fields.label}
          </p>
        )}
        <Fieldset
          fields={fields.label}
          values={label}
          change={some => {
            setLabel(before => ({ ...before, ...some }));
            sending.forget();
          }}
          offers={{ column: columns.all.map(({ name }) => name) }}
        />
      </fieldset>
      <Fieldset {...drawn} fields={fields.moment} />
      <More
        isWrong={sending.isTried && fields.others.some(one => wrong[one.name])}
      >
        <Fieldset {...drawn} fields={fields.others} />
      </More>
    </Form>
  );
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
  children: ReactNode;
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
