/** From a notebook to a training job, and from a job to a notebook. */

import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { Dialog, ICommandPalette, Notification } from '@jupyterlab/apputils';
import {
  INotebookTracker,
  NotebookActions,
  type NotebookPanel
} from '@jupyterlab/notebook';
import { formCells, modelCell, variableCells } from '../cell';
import { attempt, CommandIDs, JOB_ARGS } from '../commands';
import { automlIcon } from '../icons';
import { FrameChoice } from '../notebook/choice';
import { framesOf, KernelIsBusy, type IFrame } from '../notebook/frames';
import { IAutoML } from '../tokens';
import { jobAt } from './jobs';

const NO_ARGS = { args: { type: 'object' as const, properties: {} } };

export const notebookPlugin: JupyterFrontEndPlugin<void> = {
  id: 'automl-magics:notebook',
  description:
    'Trains on a notebook’s variables, and brings models into notebooks.',
  autoStart: true,
  requires: [IAutoML, INotebookTracker],
  optional: [ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    automl: IAutoML,
    notebooks: INotebookTracker,
    palette: ICommandPalette | null
  ): void => {
    const { api, commands, trans } = automl;
    const current = () => notebooks.currentWidget;
    commands.addCommand(CommandIDs.trainFromVariable, {
      label: args =>
        args.toolbar ? '' : trans.__('Train a Model from a Variable…'),
      caption: trans.__('Train a model from one of this notebook’s variables'),
      icon: automlIcon,
      describedBy: NO_ARGS,
      isEnabled: () => Boolean(current()),
      execute: () => current() && train(automl, current()!)
    });
    commands.addCommand(CommandIDs.insertJob, {
      label: trans.__('Insert Cell That Loads the Model'),
      caption: trans.__('Into the notebook that was used last'),
      describedBy: { args: JOB_ARGS },
      isEnabled: args =>
        Boolean(current()) && Boolean(args.id ?? jobAt(app, args)),
      execute: args => {
        const id = args.id ?? jobAt(app, args)?.id;
        const panel = current();
        return (
          id &&
          panel &&
          attempt(automl, async () => {
            const job = await api.job(String(id));
            const hasModel = Boolean(job.registered_model_version);
            insert(panel, [modelCell(job.job_id, hasModel)]);
            app.shell.activateById(panel.id);
          })
        );
      }
    });
    for (const command of [
      CommandIDs.trainFromVariable,
      CommandIDs.insertJob
    ]) {
      palette?.addItem({
        command,
        category: trans.__('AutoML'),
        args: { current: true }
      });
    }
  }
};

/** Let somebody pick a frame and its label, and write the cell. */
async function train(automl: IAutoML, panel: NotebookPanel): Promise<void> {
  const { trans } = automl;
  const frames = await framesIn(automl, panel);
  if (!frames) {
    return;
  }
  if (!frames.length) {
    Notification.info(
      trans.__(
        'There is no data frame in this notebook yet. Run the cell that makes one, pandas, polars or Arrow, and try again.'
      ),
      { autoClose: 8000 }
    );
    return;
  }
  const body = new FrameChoice(automl, frames);
  const asForm = Dialog.createButton({ label: trans.__('Insert Form') });
  const dialog = new Dialog({
    title: trans.__('Train a model from a variable'),
    body,
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      asForm,
      Dialog.okButton({ label: trans.__('Insert Cell') })
    ]
  });
  const { button, value } = await dialog.launch();
  if (!value || !button.accept) {
    return;
  }
  const cells = button.label === asForm.label ? formCells : variableCells;
  insert(panel, cells(value.variable, value.label));
}

/** The frames of a notebook's kernel; null where it cannot be asked, which is said. */
async function framesIn(
  { trans }: IAutoML,
  panel: NotebookPanel
): Promise<IFrame[] | null> {
  const kernel = panel.sessionContext.session?.kernel;
  if (!kernel) {
    Notification.warning(
      trans.__('This notebook has no kernel. Start one and make a data frame.'),
      { autoClose: 8000 }
    );
    return null;
  }
  try {
    return await framesOf(kernel);
  } catch (error) {
    Notification.warning(
      error instanceof KernelIsBusy
        ? trans.__('The kernel is busy. Try again once it has finished.')
        : trans.__('This kernel cannot tell its data frames: %1', `${error}`),
      { autoClose: 8000 }
    );
    return null;
  }
}

/** Put cells below the one in use, and go to the last of them. */
function insert(panel: NotebookPanel, sources: readonly string[]): void {
  const notebook = panel.content;
  for (const source of sources) {
    const isBlank =
      notebook.activeCell?.model.type === 'code' &&
      !notebook.activeCell.model.sharedModel.getSource();
    if (!isBlank) {
      NotebookActions.insertBelow(notebook);
    }
    notebook.activeCell?.model.sharedModel.setSource(source);
  }
  void NotebookActions.focusActiveCell(notebook);
}
