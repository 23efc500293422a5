/** The page of a job in the main area, there again after a reload. */

import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import { IEditorServices } from '@jupyterlab/codeeditor';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { CommandIDs, JOB_ARGS, type IJobArgs } from '../commands';
import { View } from '../context';
import { automlIcon } from '../icons';
import { JobPage } from '../job/page';
import { IAutoML, IJobTabs } from '../tokens';
import { jobAt } from './jobs';

export const jobPlugin: JupyterFrontEndPlugin<IJobTabs> = {
  id: 'automl-magics:job',
  description: 'Shows a training job in a tab of its own.',
  autoStart: true,
  provides: IJobTabs,
  requires: [IAutoML, IEditorServices, IRenderMimeRegistry],
  optional: [ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    automl: IAutoML,
    editors: IEditorServices,
    rendermime: IRenderMimeRegistry,
    restorer: ILayoutRestorer | null
  ): IJobTabs => {
    const tracker = new WidgetTracker<JobTab>({ namespace: 'automl-jobs' });
    automl.commands.addCommand(CommandIDs.openJob, {
      label: automl.trans.__('Open Job'),
      icon: automlIcon,
      describedBy: { args: JOB_ARGS },
      execute: args => {
        const job = args.id
          ? { name: String(args.id), ...args }
          : jobAt(app, args);
        if (!job) {
          return;
        }
        const { id, name } = job as IJobArgs;
        const open = tracker.find(tab => tab.job.id === id);
        const tab =
          open ?? new JobTab(automl, { id, name }, editors, rendermime);
        if (!open) {
          app.shell.add(tab, 'main', { type: 'AutoML' });
          void tracker.add(tab);
        }
        app.shell.activateById(tab.id);
      }
    });
    void restorer?.restore(tracker, {
      command: CommandIDs.openJob,
      args: tab => ({ ...tab.job }),
      name: tab => tab.job.id
    });
    return tracker;
  }
};

/** A tab that shows a job. */
export class JobTab extends MainAreaWidget<View> {
  constructor(
    automl: IAutoML,
    readonly job: IJobArgs,
    editors: IEditorServices,
    rendermime: IRenderMimeRegistry
  ) {
    const page = (
      <JobPage id={job.id} editors={editors} rendermime={rendermime} />
    );
    super({ content: new View(automl, page) });
    this.id = `automl-job-${job.id}`;
    this.content.addClass('jp-AutoML-page');
    this.toolbar.hide();
    Object.assign(this.node.dataset, { jobId: job.id, jobName: job.name });
    this.title.label = job.name;
    this.title.caption = automl.trans.__('Training job %1', job.name);
    this.title.icon = automlIcon;
    this.title.closable = true;
  }
}
