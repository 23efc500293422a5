/** What can be done with jobs, for menus, palette, shortcuts and buttons alike. */

import { Dialog, Notification, showDialog } from '@jupyterlab/apputils';
import type { Contents } from '@jupyterlab/services';
import { runIcon, stopIcon } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import type {
  ReadonlyJSONObject,
  ReadonlyPartialJSONObject
} from '@lumino/coreutils';
import type { TrainingJob } from './api';
import { downloadReport, openNotebook } from './documents';
import { automlIcon } from './icons';
import type { IAutoML } from './tokens';

export namespace CommandIDs {
  export const showJobs = 'automl:show-jobs';
  /** Opens the form; registered with it. */
  export const createJob = 'automl:create-job';
  export const trainFromFile = 'automl:train-from-file';
  /** Opens the deployed models, or the access keys; registered with them. */
  export const showDeployments = 'automl:show-deployments';
  export const showKeys = 'automl:show-keys';
  export const trainFromVariable = 'automl:train-from-variable';
  export const insertJob = 'automl:insert-job';
  export const openJob = 'automl:open-job';
  export const triggerJob = 'automl:trigger-job';
  export const extendJob = 'automl:extend-job';
  export const stopJob = 'automl:stop-job';
  export const deployJob = 'automl:deploy-job';
  export const deleteJob = 'automl:delete-job';
  export const cloneJob = 'automl:clone-job';
  export const openNotebook = 'automl:open-notebook';
  export const downloadReport = 'automl:download-report';
  export const showProposals = 'automl:show-proposals';
  export const proposeTable = 'automl:propose-table';
  export const proposeFromFiles = 'automl:propose-from-files';
  export const openProposal = 'automl:open-proposal';
  export const approveProposal = 'automl:approve-proposal';
  export const retryProposal = 'automl:retry-proposal';
  export const deleteProposal = 'automl:delete-proposal';
}

/** Which job a command is about: `id`, and `name` for questions about it. */
export interface IJobArgs {
  id: string;
  name: string;
}

export const JOB_ARGS: ReadonlyJSONObject = {
  type: 'object',
  properties: {
    id: { type: 'string', description: 'The job’s id' },
    name: { type: 'string', description: 'The job’s name' }
  },
  required: ['id']
};

/** Finds the job that a command without an id is about. */
export type JobAt = (args: ReadonlyPartialJSONObject) => IJobArgs | null;

/** What can be done with a job, as it stands; the likeliest first. */
export function allowed(job: TrainingJob): string[] {
  const {
    triggerJob,
    stopJob,
    deployJob,
    extendJob,
    cloneJob,
    deleteJob,
    openNotebook,
    downloadReport
  } = CommandIDs;
  const hasModel = Boolean(job.registered_model_version);
  switch (job.status) {
    case 'ready':
      return [triggerJob, cloneJob, deleteJob];
    case 'queued':
    case 'running':
      return [stopJob, cloneJob];
    default:
      return hasModel
        ? [
            deployJob,
            extendJob,
            openNotebook,
            downloadReport,
            cloneJob,
            deleteJob
          ]
        : [cloneJob, deleteJob];
  }
}

/** Seconds that a click adds to a job that has ended. */
const MORE = 60;

/**
 * Add the commands that act on one job.
 *
 * @param contents - Where a notebook is put.
 * @param jobAt - Finds the job that a command without an id is about: that of the current tab with
 * `current`, else that of the row under the context menu.
 */
export function addJobCommands(
  automl: IAutoML,
  contents: Contents.IManager,
  jobAt: JobAt
): void {
  const { api, commands, trans } = automl;
  const add = (
    id: string,
    options: Omit<CommandRegistry.ICommandOptions, 'execute'>,
    act: (job: IJobArgs) => Promise<unknown>
  ) =>
    commands.addCommand(id, {
      ...options,
      describedBy: { args: JOB_ARGS },
      isEnabled: args => Boolean(args.id ?? jobAt(args)),
      execute: async args => {
        const job = args.id ? { name: String(args.id), ...args } : jobAt(args);
        return job && attempt(automl, () => act(job as IJobArgs));
      }
    });

  add(
    CommandIDs.triggerJob,
    { label: trans.__('Start Job'), icon: runIcon },
    ({ id }) => api.trigger(id)
  );
  add(
    CommandIDs.stopJob,
    { label: trans.__('Stop Job…'), icon: stopIcon },
    async ({ id, name }) => {
      const text = trans.__(
        'It keeps the best model that it has found so far, if there is one.'
      );
      if (
        await isConfirmed(
          automl,
          trans.__('Stop %1?', name),
          text,
          trans.__('Stop')
        )
      ) {
        await api.stop(id);
      }
    }
  );
  add(
    CommandIDs.deployJob,
    { label: trans.__('Deploy Model') },
    async ({ id, name }) => {
      const deployed = await api.deploy(id);
      const model = deployed.modelName ?? name;
      Notification.success(trans.__('%1 is deployed as %2', name, model), {
        autoClose: 8000,
        actions: [
          {
            label: trans.__('Try It'),
            callback: () =>
              void commands.execute(CommandIDs.showDeployments, { model })
          }
        ]
      });
    }
  );
  add(
    CommandIDs.extendJob,
    { label: trans.__('Train %1 s More', MORE) },
    ({ id }) => api.extend(id, MORE)
  );
  add(
    CommandIDs.deleteJob,
    { label: trans.__('Delete Job…') },
    async ({ id, name }) => {
      const text = trans.__(
        'Its record, log and trials go. A model that it registered stays in MLflow.'
      );
      if (
        await isConfirmed(
          automl,
          trans.__('Delete %1?', name),
          text,
          trans.__('Delete')
        )
      ) {
        await api.remove(id);
      }
    }
  );
  add(CommandIDs.cloneJob, { label: trans.__('Clone Job') }, async ({ id }) => {
    const { request } = await api.job(id);
    if (commands.hasCommand(CommandIDs.createJob)) {
      return commands.execute(CommandIDs.createJob, {
        request: { ...request } as never,
        dialog: true
      });
    }
    const made = await api.create({ ...request, auto_trigger: false });
    return commands.execute(CommandIDs.openJob, {
      id: made.job_id,
      name: made.name
    });
  });
  add(CommandIDs.openNotebook, { label: trans.__('Open Notebook') }, ({ id }) =>
    openNotebook(automl, contents, id)
  );
  add(
    CommandIDs.downloadReport,
    { label: trans.__('Download Report') },
    ({ id }) => downloadReport(automl, id)
  );
}

/** What the palette offers. */
export const PALETTE: readonly string[] = [
  CommandIDs.showJobs,
  CommandIDs.showDeployments,
  CommandIDs.showKeys,
  CommandIDs.triggerJob,
  CommandIDs.stopJob,
  CommandIDs.deployJob,
  CommandIDs.extendJob,
  CommandIDs.openNotebook,
  CommandIDs.downloadReport,
  CommandIDs.cloneJob,
  CommandIDs.deleteJob,
  CommandIDs.showProposals
];

export const showJobsOptions = (automl: IAutoML) => ({
  label: automl.trans.__('Show AutoML Jobs'),
  caption: automl.trans.__('Training jobs, running and finished'),
  icon: automlIcon,
  describedBy: { args: { type: 'object', properties: {} } }
});

/** Do it, and say so if the server refuses. */
export async function attempt<T>(
  automl: Pick<IAutoML, 'client'>,
  act: () => Promise<T>
): Promise<T | undefined> {
  try {
    return await act();
  } catch (error) {
    Notification.error(error instanceof Error ? error.message : String(error), {
      autoClose: false
    });
    return undefined;
  } finally {
    void automl.client.invalidateQueries();
  }
}

/** Ask whether to do what cannot be undone. */
export async function isConfirmed(
  { trans }: IAutoML,
  title: string,
  body: string,
  label: string
): Promise<boolean> {
  const buttons = [
    Dialog.cancelButton({ label: trans.__('Cancel') }),
    Dialog.warnButton({ label })
  ];
  const answer = await showDialog({ title, body, buttons, defaultButton: 0 });
  return answer.button.accept;
}
