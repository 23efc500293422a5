/** The side panel: all training jobs, as they go. */

import {
  addIcon,
  launchIcon,
  refreshIcon,
  ToolbarButtonComponent
} from '@jupyterlab/ui-components';
import {
  useEffect,
  useState,
  useSyncExternalStore,
  type ComponentType
} from 'react';
import type { JobStatus } from '../api';
import { CommandIDs } from '../commands';
import { useAutoML } from '../context';
import { Tabs } from '../job/tabs';
import { Message } from '../message';
import { Proposals } from '../proposals/list';
import { useJobs } from '../queries';
import { WithServer } from '../server';
import { Filters, NEWEST, useSettled, type IChoice } from './filters';
import { Section } from './section';
import type { PanelView } from './view';

export function JobsPanel({ view }: { view: PanelView }) {
  const { client, commands, trans } = useAutoML();
  const shown = useSyncExternalStore(view.listen, view.get);
  const views: [string, string, ComponentType][] = [
    ['jobs', trans.__('Jobs'), Jobs],
    ['proposals', trans.__('Proposals'), Proposals]
  ];
  const [, , Shown] = views.find(([key]) => key === shown)!;
  const [create, tooltip] =
    shown === 'proposals'
      ? [CommandIDs.proposeTable, trans.__('Propose a training table')]
      : [CommandIDs.createJob, trans.__('Train a new model')];
  const canCreate = commands.hasCommand(create);
  return (
    <>
      <div className="jp-AutoML-panelHeader">
        <h2>{trans.__('AutoML jobs')}</h2>
        {canCreate && (
          <ToolbarButtonComponent
            icon={addIcon}
            tooltip={tooltip}
            onClick={() => void commands.execute(create)}
          />
        )}
        <ToolbarButtonComponent
          icon={launchIcon}
          tooltip={trans.__('Deployed models and access keys')}
          onClick={() => void commands.execute(CommandIDs.showDeployments)}
        />
        <ToolbarButtonComponent
          icon={refreshIcon}
          tooltip={trans.__('Look again')}
          onClick={() => void client.invalidateQueries()}
        />
      </div>
      <WithServer>
        <Tabs
          label={trans.__('What AutoML shows')}
          tabs={views.map(([key, title]) => ({ key, title }))}
          chosen={shown}
          choose={view.set}
        >
          <Shown />
        </Tabs>
      </WithServer>
    </>
  );
}

function Jobs() {
  const { trans } = useAutoML();
  const [choice, choose] = useState(NEWEST);
  const sections: [string, JobStatus[]][] = [
    [trans.__('Running'), ['running', 'queued']],
    [trans.__('Ready'), ['ready']],
    [trans.__('Finished'), ['complete', 'failed', 'stopped']]
  ];
  useMinutes();
  const settled = useSettled(choice);
  const { status, ...query } = settled;
  return (
    <>
      <Filters choice={choice} choose={choose} />
      <div className="jp-AutoML-sections">
        {sections.map(([title, members]) => {
          const shown = status
            ? members.filter(one => one === status)
            : members;
          return (
            shown.length > 0 && (
              <Section
                key={title}
                title={title}
                query={{ ...query, status: shown }}
              />
            )
          );
        })}
        <WhenEmpty choice={settled} clear={() => choose(NEWEST)} />
      </div>
    </>
  );
}

/** Render again each minute, as "5 min ago" grows old. */
export function useMinutes(): void {
  const [, setMinutes] = useState(0);
  useEffect(() => {
    const timer = window.setInterval(
      () => setMinutes(minutes => minutes + 1),
      60_000
    );
    return () => window.clearInterval(timer);
  }, []);
}

interface IWhenEmptyProps {
  choice: IChoice;
  clear: () => void;
}

function WhenEmpty({ choice, clear }: IWhenEmptyProps) {
  const { commands, trans } = useAutoML();
  const { search, status } = choice;
  const any = useJobs({ search, status: status ? [status] : [], limit: 1 });
  if (!any.data || any.data.count) {
    return null;
  }
  if (search || status) {
    return (
      <Message
        title={trans.__('No job is like that')}
        action={{ label: trans.__('Show all jobs'), run: clear }}
      />
    );
  }
  return (
    <Message
      title={trans.__('No jobs yet')}
      action={
        commands.hasCommand(CommandIDs.createJob)
          ? {
              label: trans.__('Train a model'),
              run: () => void commands.execute(CommandIDs.createJob)
            }
          : undefined
      }
    >
      {trans.__('In a notebook, this trains a first model:')}
      <code>%load_ext automl_magics</code>
      <code>%automl train data.csv --label COLUMN</code>
    </Message>
  );
}
