/** Which of its views the side panel shows; commands choose it as well. */

import { Signal } from '@lumino/signaling';

export class PanelView {
  get = (): string => this._shown;

  set = (view: string): void => {
    this._shown = view;
    this._changed.emit();
  };

  /** Be told of changes; returns how to be told no longer. */
  listen = (told: () => void): (() => void) => {
    this._changed.connect(told);
    return () => {
      this._changed.disconnect(told);
    };
  };

  private _shown = 'jobs';
  private _changed = new Signal<this, void>(this);
}
