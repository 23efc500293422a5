/** The form of a new training job. */

import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ILauncher } from '@jupyterlab/launcher';
import type { TrainingRequest } from '../api';
import { CommandIDs } from '../commands';
import { NewJob } from '../create/form';
import { addForm } from '../form/tab';
import { IAutoML } from '../tokens';

export const createPlugin: JupyterFrontEndPlugin<void> = {
  id: 'automl-magics:create',
  description: 'Creates training jobs in a form.',
  autoStart: true,
  requires: [IAutoML],
  optional: [ICommandPalette, ILauncher, ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    automl: IAutoML,
    palette: ICommandPalette | null,
    launcher: ILauncher | null,
    restorer: ILayoutRestorer | null
  ): void => {
    const { settings, trans } = automl;
    const where = { palette, launcher, restorer };
    addForm<TrainingRequest>(app, automl, where, {
      command: CommandIDs.createJob,
      opens: CommandIDs.openJob,
      label: trans.__('New Training Job'),
      caption: trans.__('Train a model on a file, a table or a query'),
      title: trans.__('New training job'),
      accept: trans.__('Create'),
      namespace: 'automl-new',
      rank: 0,
      initial: () => ({
        preset: settings.preset,
        time_limit: settings.timeLimit,
        executor: settings.executor
      }),
      form: asking => <NewJob {...asking} />
    });
  }
};
