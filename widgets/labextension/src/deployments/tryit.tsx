/** Ask a deployed model: by a form of its columns, by JSON or by CSV. */

import { Button } from '@jupyterlab/ui-components';
import { useMutation } from '@tanstack/react-query';
import { useId, useMemo, useState, type FormEvent } from 'react';
import type { Model, ModelColumn, Prediction } from '../api';
import { useAutoML } from '../context';
import { Tabs } from '../job/tabs';
import { useJob, useSource } from '../queries';
import { Answer } from './answer';
import { bodyOf, csvOf, exampleOf, isNumber, rowOf, type Texts } from './rows';
import { Snippets } from './snippet';

type Way = 'form' | 'json' | 'csv';

interface ITryItProps {
  model: Model;
  jobId: string;
  showKeys: () => void;
}

export function TryIt({ model, jobId, showKeys }: ITryItProps) {
  const { api, trans } = useAutoML();
  const columns = model.inputs;
  const source = useSource(useJob(jobId).data?.source_table ?? '');
  const example = useMemo(
    () => exampleOf(columns, source.data),
    [columns, source.data]
  );
  const [way, setWay] = useState<Way>('form');
  const [typed, setTyped] = useState<Texts>({});
  const [json, setJson] = useState<string | null>(null);
  const [csv, setCsv] = useState<string | null>(null);
  const texts = { ...example, ...typed };
  const row = rowOf(columns, texts);
  const written = {
    json: json ?? JSON.stringify([row], null, 2),
    csv: csv ?? csvOf(columns, row)
  };
  const answer = useMutation<Prediction[]>({
    networkMode: 'always',
    mutationFn: async () => {
      const wrong = columns.find(
        one => isNumber(one) && typeof row[one.name] === 'string'
      );
      if (way === 'form' && wrong) {
        throw new Error(
          trans.__(
            '%1 takes a number, not “%2”.',
            wrong.name,
            String(row[wrong.name])
          )
        );
      }
      if (way === 'csv') {
        return api.invoke(model, written.csv, 'text/csv');
      }
      const rows = way === 'form' ? JSON.stringify([row]) : written.json;
      return api.invoke(model, readAsJson(rows), 'application/json');
    }
  });
  /** JSON as the server wants it; what is none is told in this panel's words. */
  const readAsJson = (text: string) => {
    try {
      return bodyOf(text);
    } catch (error) {
      throw new Error(
        trans.__(
          'This is no JSON: %1. Write a list of rows, such as [{"column": 1}].',
          error instanceof Error ? error.message : String(error)
        )
      );
    }
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    answer.mutate();
  };
  return (
    <section className="jp-AutoML-tryIt">
      <h2>{trans.__('Try it')}</h2>
      <form
        aria-label={trans.__('Try %1', model.name)}
        noValidate
        onSubmit={submit}
      >
        <Tabs
          label={trans.__('How to write the rows')}
          tabs={[
            { key: 'form', title: trans.__('One row') },
            { key: 'json', title: trans.__('JSON') },
            { key: 'csv', title: trans.__('CSV') }
          ]}
          chosen={way}
          choose={key => setWay(key as Way)}
        >
          {way === 'form' ? (
            <div className="jp-AutoML-cells">
              {columns.map(column => (
                <CellField
                  key={column.name}
                  column={column}
                  text={texts[column.name]}
                  change={text =>
                    setTyped(before => ({ ...before, [column.name]: text }))
                  }
                />
              ))}
            </div>
          ) : (
            <textarea
              className="jp-mod-styled"
              rows={8}
              spellCheck={false}
              aria-label={
                way === 'json'
                  ? trans.__('Rows as JSON')
                  : trans.__('Rows as CSV')
              }
              value={written[way]}
              onChange={event =>
                (way === 'json' ? setJson : setCsv)(event.target.value)
              }
            />
          )}
        </Tabs>
        <div className="jp-AutoML-actions">
          <Button
            type="submit"
            small
            minimal={false}
            className="jp-mod-styled jp-mod-accept"
            disabled={answer.isPending}
          >
            {answer.isPending ? trans.__('Predicting…') : trans.__('Predict')}
          </Button>
          {source.data && Object.keys(typed).length > 0 && way === 'form' && (
            <Button
              small
              minimal={false}
              className="jp-mod-styled"
              onClick={() => setTyped({})}
            >
              {trans.__('The first row again')}
            </Button>
          )}
        </div>
      </form>
      {answer.error && (
        <p className="jp-AutoML-banner jp-mod-error" role="alert">
          {answer.error.message}
        </p>
      )}
      {answer.data && <Answer predictions={answer.data} />}
      <Snippets model={model} row={row} showKeys={showKeys} />
    </section>
  );
}

interface ICellFieldProps {
  column: ModelColumn;
  text: string;
  change: (text: string) => void;
}

function CellField({ column, text, change }: ICellFieldProps) {
  const { trans } = useAutoML();
  const id = useId();
  return (
    <div>
      <label htmlFor={id}>
        <bdi>{column.name}</bdi> <small>{column.type}</small>
      </label>
      {column.type === 'boolean' ? (
        <select
          id={id}
          className="jp-mod-styled"
          value={text.toLowerCase()}
          onChange={event => change(event.target.value)}
        >
          <option value="">{trans.__('Not known')}</option>
          <option value="true">true</option>
          <option value="false">false</option>
        </select>
      ) : (
        <input
          id={id}
          className="jp-mod-styled"
          dir="auto"
          inputMode={isNumber(column) ? 'decimal' : 'text'}
          spellCheck={false}
          placeholder={trans.__('not known')}
          value={text}
          onChange={event => change(event.target.value)}
        />
      )}
    </div>
  );
}
