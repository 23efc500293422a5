/** The side panel with the jobs, and the commands that act on them. */

import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ILauncher } from '@jupyterlab/launcher';
import {
  addJobCommands,
  CommandIDs,
  PALETTE,
  showJobsOptions,
  type IJobArgs
} from '../commands';
import { View } from '../context';
import { automlIcon } from '../icons';
import { JobsPanel } from '../jobs/panel';
import { PanelView } from '../jobs/view';
import { IAutoML } from '../tokens';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

export const jobsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'automl-magics:jobs',
  description: 'Lists training jobs in the left side bar.',
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
    const view = new PanelView();
    const panel = new View(automl, <JobsPanel view={view} />);
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
      execute: () => {
        view.set('jobs');
        app.shell.activateById(panel.id);
      }
    });
    app.commands.addCommand(CommandIDs.showProposals, {
      label: automl.trans.__('Show Proposals of Training Tables'),
      caption: automl.trans.__('Training tables that the crew has proposed'),
      icon: automlIcon,
      describedBy: { args: { type: 'object', properties: {} } },
      execute: () => {
        view.set('proposals');
        app.shell.activateById(panel.id);
      }
    });
    launcher?.add({
      command: CommandIDs.showJobs,
      category: automl.trans.__('AutoML'),
      rank: 1
    });
    addJobCommands(automl, app.serviceManager.contents, args =>
      jobAt(app, args)
    );
    for (const command of PALETTE) {
      palette?.addItem({
        command,
        category: automl.trans.__('AutoML'),
        args: { current: true }
      });
    }
  }
};

/** The job of the current tab, or the one whose row was clicked with the right button. */
export function jobAt(
  app: JupyterFrontEnd,
  args: ReadonlyPartialJSONObject
): IJobArgs | null {
  const node = args.current
    ? app.shell.currentWidget?.node
    : app.contextMenuHitTest(one => Boolean(one.dataset.jobId));
  const { jobId, jobName } = node?.dataset ?? {};
  return jobId ? { id: jobId, name: jobName ?? jobId } : null;
}
