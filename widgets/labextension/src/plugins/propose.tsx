/** The form that asks the crew for a training table. */

import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import { ILauncher } from '@jupyterlab/launcher';
import type { ProposalRequest } from '../api';
import { CommandIDs } from '../commands';
import { addForm } from '../form/tab';
import { automlIcon } from '../icons';
import { Propose } from '../proposals/form';
import { IAutoML } from '../tokens';

export const proposePlugin: JupyterFrontEndPlugin<void> = {
  id: 'automl-magics:propose',
  description: 'Asks the crew for training tables in a form.',
  autoStart: true,
  requires: [IAutoML],
  optional: [ICommandPalette, IFileBrowserFactory, ILauncher, ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    automl: IAutoML,
    palette: ICommandPalette | null,
    browsers: IFileBrowserFactory | null,
    launcher: ILauncher | null,
    restorer: ILayoutRestorer | null
  ): void => {
    const { commands, trans } = automl;
    const where = { palette, launcher, restorer };
    addForm<ProposalRequest>(app, automl, where, {
      command: CommandIDs.proposeTable,
      opens: CommandIDs.openProposal,
      label: trans.__('New Training Table'),
      caption: trans.__('Have a training table proposed from several tables'),
      title: trans.__('New training table'),
      accept: trans.__('Propose'),
      namespace: 'automl-propose',
      rank: 2,
      initial: () => ({}),
      form: asking => <Propose {...asking} />
    });
    const selected = () => [
      ...(browsers?.tracker.currentWidget?.selectedItems() ?? [])
    ];
    commands.addCommand(CommandIDs.proposeFromFiles, {
      label: trans.__('Propose a Training Table from These Files…'),
      icon: automlIcon,
      describedBy: { args: { type: 'object', properties: {} } },
      isEnabled: () => selected().some(({ type }) => type !== 'directory'),
      execute: () => {
        const { contents } = app.serviceManager;
        const source_tables = selected()
          .filter(({ type }) => type !== 'directory')
          .map(({ path }) => contents.localPath(path));
        return commands.execute(CommandIDs.proposeTable, {
          request: { source_tables }
        });
      }
    });
  }
};
