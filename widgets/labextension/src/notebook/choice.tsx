/** Which of a notebook's data frames to train on, and what to predict. */

import { Dialog } from '@jupyterlab/apputils';
import { HTMLSelect } from '@jupyterlab/ui-components';
import { Signal } from '@lumino/signaling';
import { useId, useState } from 'react';
import { variableCells } from '../cell';
import { useAutoML, View } from '../context';
import type { IAutoML } from '../tokens';
import type { IFrame } from './frames';

export interface IChosen {
  variable: string;
  label: string;
}

/** The body of a dialog; its value is what is chosen. */
export class FrameChoice extends View implements Dialog.IBodyWidget<IChosen> {
  constructor(automl: IAutoML, frames: readonly IFrame[]) {
    const changed = new Signal<object, IChosen>({});
    super(
      automl,
      <Choice frames={frames} choose={chosen => changed.emit(chosen)} />
    );
    this.chosen = { variable: frames[0].name, label: '' };
    changed.connect((_, chosen) => {
      this.chosen = chosen;
    });
  }

  getValue(): IChosen {
    return this.chosen;
  }

  private chosen: IChosen;
}

interface IChoiceProps {
  frames: readonly IFrame[];
  choose: (chosen: IChosen) => void;
}

function Choice({ frames, choose }: IChoiceProps) {
  const { trans } = useAutoML();
  const id = useId();
  const [chosen, setChosen] = useState<IChosen>({
    variable: frames[0].name,
    label: ''
  });
  const set = (next: IChosen) => {
    setChosen(next);
    choose(next);
  };
  const frame = frames.find(({ name }) => name === chosen.variable)!;
  return (
    <div className="jp-AutoML-frameChoice">
      <label htmlFor={`${id}-frame`}>{trans.__('Variable')}</label>
      <HTMLSelect
        id={`${id}-frame`}
        value={chosen.variable}
        onChange={event => set({ variable: event.target.value, label: '' })}
      >
        {frames.map(one => (
          <option key={one.name} value={one.name}>
            {one.name} – {described(one)}
          </option>
        ))}
      </HTMLSelect>
      <label htmlFor={`${id}-label`}>{trans.__('Label to predict')}</label>
      <HTMLSelect
        id={`${id}-label`}
        value={chosen.label}
        onChange={event => set({ ...chosen, label: event.target.value })}
      >
        <option value="">{trans.__('Choose a column…')}</option>
        {frame.columns.map(column => (
          <option key={column} value={column}>
            {column}
          </option>
        ))}
      </HTMLSelect>
      <span>{trans.__('The cell')}</span>
      <pre>{variableCells(chosen.variable, chosen.label).join('\n\n')}</pre>
    </div>
  );
}

function described({ kind, rows, columns }: IFrame): string {
  return rows === null
    ? `${kind}, ${columns.length}`
    : `${kind}, ${rows} × ${columns.length}`;
}
