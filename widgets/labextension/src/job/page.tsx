/** The page of one training job. */

import type { IEditorServices } from '@jupyterlab/codeeditor';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { useState, type ReactNode } from 'react';
import { ApiError, type TrainingJob } from '../api';
import { useAutoML } from '../context';
import { Message, Problem } from '../message';
import { useJob } from '../queries';
import { WithServer } from '../server';
import { Dag } from './dag';
import { Header } from './header';
import { Log } from './log';
import { Overview } from './overview';
import { Specification } from './specification';
import { Tabs } from './tabs';

export interface IJobPageProps {
  id: string;
  editors: IEditorServices;
  rendermime: IRenderMimeRegistry;
}

export function JobPage(props: IJobPageProps) {
  return (
    <WithServer>
      <Job {...props} />
    </WithServer>
  );
}

function Job({ id, editors, rendermime }: IJobPageProps) {
  const { trans } = useAutoML();
  const job = useJob(id);
  const [tab, setTab] = useState('overview');
  if (job.error instanceof ApiError && job.error.status === 404) {
    return (
      <Message title={trans.__('This job is gone')}>
        {trans.__('Somebody has deleted it. Close this tab.')}
      </Message>
    );
  }
  if (job.error && !job.data) {
    return <Problem error={job.error} retry={() => void job.refetch()} />;
  }
  if (!job.data) {
    return <Message title={trans.__('Looking for the job…')} />;
  }
  const shown = job.data;
  const views: [string, string, (job: TrainingJob) => ReactNode][] = [
    [
      'overview',
      trans.__('Overview'),
      one => <Overview job={one} rendermime={rendermime} />
    ],
    ['log', trans.__('Log'), one => <Log job={one} />],
    [
      'specification',
      trans.__('Specification'),
      one => <Specification job={one} />
    ],
    [
      'dag',
      trans.__('Airflow DAG'),
      one => <Dag text={one.rendered_dag ?? ''} editors={editors} />
    ]
  ];
  return (
    <>
      <Header job={shown} />
      <Tabs
        label={trans.__('Views of %1', shown.name)}
        tabs={views.map(([key, title]) => ({ key, title }))}
        chosen={tab}
        choose={setTab}
      >
        {views.find(([key]) => key === tab)?.[2](shown)}
      </Tabs>
    </>
  );
}
