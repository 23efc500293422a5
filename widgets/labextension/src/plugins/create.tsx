/** The form of a new training job in the main area, there again after a reload. */

import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import { ILauncher } from '@jupyterlab/launcher';
import { UUID, type ReadonlyJSONObject } from '@lumino/coreutils';
import type { TrainingRequest } from '../api';
import { CommandIDs } from '../commands';
import { View } from '../context';
import { NewJob } from '../create/form';
import { automlIcon } from '../icons';
import { IAutoML } from '../tokens';

const ARGS: ReadonlyJSONObject = {
  type: 'object',
  properties: {
    request: {
      type: 'object',
      description: 'Fields of a training request to fill in'
    },
    id: { type: 'string', description: 'The id of a tab that returns' }
  }
};

export const createPlugin: JupyterFrontEndPlugin<void> = {
  id: 'automl-magics:create',
  description: 'Creates training jobs in a form.',
  autoStart: true,
  requires: [IAutoML],
  optional: [ILauncher, ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    automl: IAutoML,
    launcher: ILauncher | null,
    restorer: ILayoutRestorer | null
  ): void => {
    const { commands, settings, trans } = automl;
    const tracker = new WidgetTracker<NewJobTab>({ namespace: 'automl-new' });
    commands.addCommand(CommandIDs.createJob, {
      label: trans.__('New Training Job'),
      caption: trans.__('Train a model on a file, a table or a query'),
      icon: automlIcon,
      describedBy: { args: ARGS },
      execute: ({ request, id }) => {
        const asked = (request as Partial<TrainingRequest> | undefined) ?? {};
        const tab = new NewJobTab(
          automl,
          {
            preset: settings.preset,
            time_limit: settings.timeLimit,
            executor: settings.executor,
            ...asked
          },
          () => void tracker.save(tab),
          id ? String(id) : `automl-new-${UUID.uuid4()}`
        );
        app.shell.add(tab, 'main', { type: 'AutoML' });
        void tracker.add(tab);
        app.shell.activateById(tab.id);
      }
    });
    launcher?.add({
      command: CommandIDs.createJob,
      category: trans.__('AutoML'),
      rank: 0
    });
    void restorer?.restore(tracker, {
      command: CommandIDs.createJob,
      args: tab => ({ id: tab.id, request: { ...tab.request } as never }),
      name: tab => tab.id
    });
  }
};

/** A tab that asks for a job, and gives way to its page. */
class NewJobTab extends MainAreaWidget<View> {
  constructor(
    automl: IAutoML,
    public request: Partial<TrainingRequest>,
    changed: () => void,
    id: string
  ) {
    const form = (
      <NewJob
        request={request}
        changed={asked => {
          this.request = asked;
          changed();
        }}
        created={job => {
          this.dispose();
          void automl.commands.execute(CommandIDs.openJob, { ...job });
        }}
      />
    );
    super({ content: new View(automl, form) });
    this.id = id;
    this.content.addClass('jp-AutoML-page');
    this.toolbar.hide();
    this.title.label = automl.trans.__('New training job');
    this.title.icon = automlIcon;
    this.title.closable = true;
  }
}
