/** Forms in tabs of their own, there again after a reload, or in a dialog. */

import type { ILayoutRestorer, JupyterFrontEnd } from '@jupyterlab/application';
import {
  Dialog,
  MainAreaWidget,
  WidgetTracker,
  type ICommandPalette
} from '@jupyterlab/apputils';
import type { ILauncher } from '@jupyterlab/launcher';
import { UUID, type ReadonlyJSONObject } from '@lumino/coreutils';
import type { ReactElement } from 'react';
import { View } from '../context';
import { automlIcon } from '../icons';
import type { IAutoML } from '../tokens';

/** What a form is told, and what it tells. */
export interface IAsking<R extends object> {
  /** What is filled in at first. */
  request: Partial<R>;
  /** Called with what is asked for, when it has changed. */
  changed: (request: Partial<R>) => void;
  /** Called with the job that was made. */
  created: (job: { id: string; name: string }) => void;
}

interface IFormOptions<R extends object> {
  /** Opens the form. */
  command: string;
  /** Opens the job that was made. */
  opens: string;
  label: string;
  caption: string;
  /** The tab's, and the dialog's. */
  title: string;
  /** The word of the dialog's button. */
  accept: string;
  namespace: string;
  /** Among the launcher's cards. */
  rank: number;
  /** What is filled in where the command does not say. */
  initial: () => Partial<R>;
  form: (asking: IAsking<R>) => ReactElement;
}

interface IWhere {
  launcher: ILauncher | null;
  palette: ICommandPalette | null;
  restorer: ILayoutRestorer | null;
}

const ARGS: ReadonlyJSONObject = {
  type: 'object',
  properties: {
    request: { type: 'object', description: 'Fields to fill in' },
    dialog: { type: 'boolean', description: 'In a dialog rather than a tab' },
    id: { type: 'string', description: 'The id of a tab that returns' }
  }
};

/** Add a form with its command, in palette and launcher. */
export function addForm<R extends object>(
  app: JupyterFrontEnd,
  automl: IAutoML,
  { launcher, palette, restorer }: IWhere,
  options: IFormOptions<R>
): void {
  const { command, opens, label, caption, namespace } = options;
  const { commands, trans } = automl;
  const tracker = new WidgetTracker<FormTab<R>>({ namespace });
  const open = (job: { id: string; name: string }) =>
    void commands.execute(opens, { ...job });
  commands.addCommand(command, {
    label: args => (args.dialog ? trans.__('%1…', label) : label),
    caption,
    icon: automlIcon,
    describedBy: { args: ARGS },
    execute: ({ request, dialog, id }) => {
      const asked = (request as Partial<R> | undefined) ?? {};
      const initial = { ...options.initial(), ...asked };
      if (dialog) {
        return askInDialog(automl, options, initial, open);
      }
      const tab = new FormTab<R>(
        automl,
        options,
        id ? String(id) : `${namespace}-${UUID.uuid4()}`,
        initial,
        open
      );
      tab.changed = () => void tracker.save(tab);
      app.shell.add(tab, 'main', { type: 'AutoML' });
      void tracker.add(tab);
      app.shell.activateById(tab.id);
      return undefined;
    }
  });
  const category = trans.__('AutoML');
  palette?.addItem({ command, category });
  palette?.addItem({ command, category, args: { dialog: true } });
  launcher?.add({ command, category, rank: options.rank });
  void restorer?.restore(tracker, {
    command,
    args: tab => ({ id: tab.id, request: { ...tab.request } as never }),
    name: tab => tab.id
  });
}

/** A tab that asks for something, and gives way to what was made. */
class FormTab<R extends object> extends MainAreaWidget<View> {
  /** Called when what is asked for has changed. */
  changed = (): void => undefined;

  constructor(
    automl: IAutoML,
    options: IFormOptions<R>,
    id: string,
    public request: Partial<R>,
    open: (job: { id: string; name: string }) => void
  ) {
    const form = options.form({
      request,
      changed: asked => {
        this.request = asked;
        this.changed();
      },
      created: job => {
        this.dispose();
        open(job);
      }
    });
    super({ content: new View(automl, form) });
    this.id = id;
    this.content.addClass('jp-AutoML-page');
    this.toolbar.hide();
    this.title.label = options.title;
    this.title.icon = automlIcon;
    this.title.closable = true;
  }
}

/** Ask in a dialog that stays until the server has accepted, or somebody gives up. */
async function askInDialog<R extends object>(
  automl: IAutoML,
  options: IFormOptions<R>,
  request: Partial<R>,
  open: (job: { id: string; name: string }) => void
): Promise<void> {
  const form = options.form({
    request,
    changed: () => undefined,
    created: job => {
      dialog.end();
      open(job);
    }
  });
  const body = new View(automl, form);
  body.addClass('jp-AutoML-dialog');
  const { api, client, trans } = automl;
  const dialog = new FormDialog({
    title: options.title,
    body,
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.okButton({ label: options.accept })
    ],
    focusNodeSelector: 'input'
  });
  // Its first field takes the focus only if it is there from the start.
  await Promise.allSettled([
    client.ensureQueryData({ queryKey: ['version'], queryFn: api.version }),
    client.ensureQueryData({ queryKey: ['schemas'], queryFn: api.schemas })
  ]);
  await dialog.launch();
}

/** A dialog whose button sends the form in it, as Enter does. */
class FormDialog extends Dialog<unknown> {
  override resolve(index?: number): void {
    if (index === 0) {
      super.resolve(index);
    } else {
      this.node.querySelector('form')?.requestSubmit();
    }
  }

  end(): void {
    super.resolve(0);
  }
}
