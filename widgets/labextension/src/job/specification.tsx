/** What was asked for, and where the result lives. */

import type { ReactNode } from 'react';
import type { TrainingJob } from '../api';
import { useAutoML } from '../context';
import { CopyButton } from '../copy';
import { plain } from '../words';

export function Specification({ job }: { job: TrainingJob }) {
  const { trans } = useAutoML();
  const asked = Object.entries(job.request).filter(
    ([name, value]) =>
      value !== null && name !== 'staged_source' && !isEmpty(value)
  );
  return (
    <div className="jp-AutoML-specification">
      <section>
        <h2>{trans.__('Request')}</h2>
        <Facts
          facts={asked.map(([name, value]) => [plain(name), written(value)])}
        />
      </section>
      <section>
        <h2>{trans.__('Record')}</h2>
        <Facts facts={facts(job, useAutoML())} />
        <HowToOpenMLflow job={job} />
      </section>
    </div>
  );
}

/** Prints nothing but where MLflow keeps its runs; the server does not tell its paths. */
const OPEN_MLFLOW =
  'mlflow ui --backend-store-uri "$(python -c \'from automl_magics.settings import Settings; ' +
  'print(Settings().mlflow_uri)\')"';

/** The command that serves MLflow's pages, as long as no setting says where they are. */
function HowToOpenMLflow({ job }: { job: TrainingJob }) {
  const { commands, settings, trans } = useAutoML();
  if (settings.mlflowUrl || !job.mlflow_run_id) {
    return null;
  }
  const open = () =>
    void commands.execute('settingeditor:open', { query: 'AutoML' });
  return (
    <details className="jp-AutoML-snippets">
      <summary>{trans.__('How to open the run in MLflow')}</summary>
      <p>
        {trans.__('In a terminal of JupyterLab; then say where its pages are.')}{' '}
        <button className="jp-AutoML-link" onClick={open}>
          {trans.__('Settings')}
        </button>
      </p>
      <div className="jp-AutoML-copied">
        <pre>{OPEN_MLFLOW}</pre>
        <CopyButton text={OPEN_MLFLOW} />
      </div>
    </details>
  );
}

type Fact = [string, ReactNode];

function facts(
  job: TrainingJob,
  { trans, settings }: ReturnType<typeof useAutoML>
): Fact[] {
  const { mlflow_run_id: run, snapshot } = job;
  const mlflow = settings.mlflowUrl.replace(/\/$/, '');
  const known: [string, ReactNode | null | undefined][] = [
    [trans.__('Id'), <code key="id">{job.job_id}</code>],
    [trans.__('Owner'), job.owner],
    [trans.__('Executor'), job.executor],
    [
      trans.__('Snapshot'),
      snapshot &&
        trans.__('%1 rows, %2 columns', snapshot.rows, snapshot.columns)
    ],
    [trans.__('Validation'), job.result?.validation],
    [trans.__('MLflow experiment'), job.mlflow_experiment_name],
    [
      trans.__('MLflow run'),
      run &&
        (mlflow ? (
          <Outside href={`${mlflow}/#/runs/${run}`}>{run}</Outside>
        ) : (
          <code>{run}</code>
        ))
    ],
    [
      trans.__('Registered model'),
      job.registered_model_name &&
        (mlflow ? (
          <Outside
            href={`${mlflow}/#/models/${encodeURIComponent(job.registered_model_name)}`}
          >
            {job.registered_model_name} {job.registered_model_version}
          </Outside>
        ) : (
          `${job.registered_model_name} ${job.registered_model_version ?? ''}`
        ))
    ],
    [
      trans.__('Airflow'),
      job.airflow_dag_url ? (
        <Outside href={job.airflow_dag_url}>{job.airflow_dag_id}</Outside>
      ) : (
        job.airflow_dag_id
      )
    ],
    [trans.__('Correlation id'), job.correlation_id]
  ];
  return known.filter((fact): fact is Fact => Boolean(fact[1]));
}

function Facts({ facts }: { facts: Fact[] }) {
  return (
    <dl className="jp-AutoML-facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Outside({ href, children }: { href: string; children: ReactNode }) {
  return /^https?:/.test(href) ? (
    <a href={href} target="_blank" rel="noopener noreferrer">
      {children}
    </a>
  ) : (
    <>{children}</>
  );
}

function isEmpty(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

function written(value: unknown): string {
  return Array.isArray(value) ? value.join(', ') : String(value);
}
