/** The side panel with the jobs, and the commands that act on them. */

import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import {
  addJobCommands,
  CommandIDs,
  PALETTE,
  showJobsOptions
} from '../commands';
import { View } from '../context';
import { automlIcon } from '../icons';
import { JobsPanel } from '../jobs/panel';
import { IAutoML } from '../tokens';

export const jobsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'automl-magics:jobs',
  description: 'Lists training jobs in the left side bar.',
  autoStart: true,
  requires: [IAutoML],
  optional: [ICommandPalette, ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    automl: IAutoML,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null
  ): void => {
    const panel = new View(automl, <JobsPanel />);
    panel.id = 'automl-jobs';
    panel.addClass('jp-AutoML-jobs');
    panel.title.icon = automlIcon;
    panel.title.caption = automl.trans.__('AutoML jobs');
    panel.node.setAttribute('role', 'region');
    panel.node.setAttribute('aria-label', automl.trans.__('AutoML jobs'));
    app.shell.add(panel, 'left', { rank: 350, type: 'AutoML' });
    restorer?.add(panel, panel.id);

    app.commands.addCommand(CommandIDs.showJobs, {
      ...showJobsOptions(automl),
      execute: () => app.shell.activateById(panel.id)
    });
    addJobCommands(automl, () => jobUnderMenu(app));
    for (const command of PALETTE) {
      palette?.addItem({ command, category: automl.trans.__('AutoML') });
    }
  }
};

/** The job whose row was clicked with the right button. */
function jobUnderMenu(app: JupyterFrontEnd) {
  const node = app.contextMenuHitTest(one => Boolean(one.dataset.jobId));
  return node?.dataset.jobId
    ? {
        id: node.dataset.jobId,
        name: node.dataset.jobName ?? node.dataset.jobId
      }
    : null;
}
