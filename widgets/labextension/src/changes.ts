/**
 * The server's news of changed jobs, from Jupyter's event bus.
 *
 * JupyterLab's own event manager hides whether it is connected, and an event that nobody heard is
 * gone. So this keeps a connection of its own and says when it was away: that is when to look at
 * everything again.
 */

import { URLExt } from '@jupyterlab/coreutils';
import type { ServerConnection } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';
import type { JobStatus } from './api';

export const JOB_CHANGED = 'https://schema.automl-magics.dev/job_changed/v1';

const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 8000;

/** A job as it is after a change: what to look at again, not all there is to know. */
export interface IJobChange {
  seq: number;
  kind: 'training' | 'feature_engineering';
  job_id: string;
  deleted: boolean;
  name: string | null;
  status: string | null;
  progress: IChangedProgress | null;
  metric: string | null;
  best_score: number | null;
  updated_at: string | null;
}

export interface IChangedProgress {
  phase: string;
  fraction: number | null;
  elapsed: number | null;
  trials_done: number | null;
  trials_planned: number | null;
}

/** Listens for as long as it is not disposed of, connecting again and again. */
export class Changes implements IDisposable {
  constructor(private readonly settings: ServerConnection.ISettings) {
    this.connect();
  }

  /** A job has changed. */
  get changed(): ISignal<this, IJobChange> {
    return this._changed;
  }

  /** The connection is there, or gone; whoever hears `true` has missed what came before. */
  get connectedChanged(): ISignal<this, boolean> {
    return this._connectedChanged;
  }

  get isConnected(): boolean {
    return this._isConnected;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    window.clearTimeout(this._timer);
    this._socket?.close();
    Signal.clearData(this);
  }

  /** Try now rather than after the pause. */
  retry(): void {
    if (!this._isConnected && !this._isDisposed) {
      window.clearTimeout(this._timer);
      this._socket?.close();
      this.connect();
    }
  }

  private connect(): void {
    const { appendToken, token, WebSocket, wsUrl } = this.settings;
    const address = URLExt.join(wsUrl, 'api/events/subscribe');
    const query =
      appendToken && token ? `?token=${encodeURIComponent(token)}` : '';
    const socket = new WebSocket(address + query);
    this._socket = socket;
    socket.onopen = () => {
      this._pause = FIRST_PAUSE;
      this.note(true);
    };
    socket.onmessage = message => this.hear(message.data);
    socket.onclose = () => {
      if (socket !== this._socket || this._isDisposed) {
        return;
      }
      this.note(false);
      this._timer = window.setTimeout(() => this.connect(), this._pause);
      this._pause = Math.min(2 * this._pause, LONGEST_PAUSE);
    };
  }

  private note(isConnected: boolean): void {
    if (isConnected !== this._isConnected) {
      this._isConnected = isConnected;
      this._connectedChanged.emit(isConnected);
    }
  }

  private hear(data: string): void {
    const event = data ? JSON.parse(data) : {};
    if (event.schema_id === JOB_CHANGED) {
      this._changed.emit(event);
    }
  }

  private _changed = new Signal<this, IJobChange>(this);
  private _connectedChanged = new Signal<this, boolean>(this);
  private _isConnected = false;
  private _isDisposed = false;
  private _pause = FIRST_PAUSE;
  private _socket: WebSocket | null = null;
  private _timer = 0;
}

export const ENDED: readonly JobStatus[] = ['complete', 'failed', 'stopped'];

export function hasEnded(status: string | null | undefined): boolean {
  return ENDED.includes(status as JobStatus);
}
