/** What can be done with jobs, for menus, palette, shortcuts and buttons alike. */

import { Dialog, Notification, showDialog } from '@jupyterlab/apputils';
import { runIcon, stopIcon } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import type { ReadonlyJSONObject } from '@lumino/coreutils';
import type { JobStatus } from './api';
import { automlIcon } from './icons';
import type { IAutoML } from './tokens';

export namespace CommandIDs {
  export const showJobs = 'automl:show-jobs';
  /** Opens the form; registered with it. */
  export const createJob = 'automl:create-job';
  export const openJob = 'automl:open-job';
  export const triggerJob = 'automl:trigger-job';
  export const stopJob = 'automl:stop-job';
  export const deployJob = 'automl:deploy-job';
  export const deleteJob = 'automl:delete-job';
  export const cloneJob = 'automl:clone-job';
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

/** Where a job stands decides what can be done with it. */
export const ALLOWED: Record<JobStatus, readonly string[]> = {
  ready: [CommandIDs.triggerJob, CommandIDs.cloneJob, CommandIDs.deleteJob],
  queued: [CommandIDs.stopJob, CommandIDs.cloneJob],
  running: [CommandIDs.stopJob, CommandIDs.cloneJob],
  complete: [CommandIDs.deployJob, CommandIDs.cloneJob, CommandIDs.deleteJob],
  failed: [CommandIDs.cloneJob, CommandIDs.deleteJob],
  stopped: [CommandIDs.cloneJob, CommandIDs.deleteJob]
};

/**
 * Add the commands that act on one job.
 *
 * @param jobAt - Finds the job that a command without arguments is about: that of the context
 * menu's row, or of the current tab.
 */
export function addJobCommands(
  automl: IAutoML,
  jobAt: () => IJobArgs | null
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
      isEnabled: args => Boolean(args.id ?? jobAt()),
      execute: async args => {
        const job = args.id ? { name: String(args.id), ...args } : jobAt();
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
        'It keeps its log and its trials, but there will be no model.'
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
      Notification.success(
        trans.__('%1 is deployed as %2', name, deployed.modelName ?? name),
        { autoClose: 8000 }
      );
    }
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
        request: { ...request } as never
      });
    }
    const made = await api.create({ ...request, auto_trigger: false });
    return commands.execute(CommandIDs.openJob, {
      id: made.job_id,
      name: made.name
    });
  });
}

/** The words of the menus and the palette. */
export const PALETTE: readonly string[] = [
  CommandIDs.showJobs,
  CommandIDs.createJob,
  CommandIDs.triggerJob,
  CommandIDs.stopJob,
  CommandIDs.deployJob,
  CommandIDs.cloneJob,
  CommandIDs.deleteJob
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

async function isConfirmed(
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
