/** The side panel: training jobs and proposals, as they go. */

import {
  addIcon,
  launchIcon,
  refreshIcon,
  ToolbarButtonComponent
} from '@jupyterlab/ui-components';
import { useSyncExternalStore, type ComponentType } from 'react';
import { CommandIDs } from '../commands';
import { useAutoML } from '../context';
import { Tabs } from '../job/tabs';
import { Proposals } from '../proposals/list';
import { WithServer } from '../server';
import { Jobs } from './list';
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
