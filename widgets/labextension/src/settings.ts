/** The settings of `schema/plugin.json`, with their defaults where there is no registry. */

import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import { Signal, type ISignal } from '@lumino/signaling';
import type { TrainingRequest } from './api';

export type Notices = 'all' | 'failures' | 'none';

export class Settings {
  /** Take the values of a loaded plugin, now and whenever they change. */
  use(loaded: ISettingRegistry.ISettings): void {
    const read = () => {
      this._values = { ...this._values, ...loaded.composite };
      this._changed.emit();
    };
    loaded.changed.connect(read);
    read();
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get preset(): NonNullable<TrainingRequest['preset']> {
    return this._values.preset as NonNullable<TrainingRequest['preset']>;
  }

  /** Seconds; null leaves it to the preset. */
  get timeLimit(): number | null {
    return (this._values.timeLimit as number) || null;
  }

  /** Null leaves it to the server. */
  get executor(): TrainingRequest['executor'] {
    const chosen = this._values.executor as string;
    return chosen === 'default'
      ? null
      : (chosen as TrainingRequest['executor']);
  }

  get notices(): Notices {
    return this._values.notifications as Notices;
  }

  /** Seconds between two looks while the server tells no news. */
  get refresh(): number {
    return this._values.refresh as number;
  }

  /** Where people look at MLflow; empty where there is no such page. */
  get mlflowUrl(): string {
    return this._values.mlflowUrl as string;
  }

  private _values: Record<string, unknown> = {
    preset: 'balanced',
    timeLimit: 0,
    executor: 'default',
    notifications: 'all',
    refresh: 10,
    mlflowUrl: ''
  };
  private _changed = new Signal<this, void>(this);
}
