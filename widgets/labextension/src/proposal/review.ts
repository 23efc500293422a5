/** The review of one proposal: what has been changed, and what became of handing it in. */

import { Notification } from '@jupyterlab/apputils';
import { Signal } from '@lumino/signaling';
import { ApiError, type Approval, type Proposal } from '../api';
import type { IAutoML } from '../tokens';
import { askHowToApprove } from './approval';
import { editsOf, isUnchanged, NO_CHANGES, placed, type IDraft } from './draft';

export interface IReviewState {
  draft: IDraft;
  /** What the server refused last. */
  refusal: ApiError | null;
  /** What is under way. */
  doing: 'keep' | 'approve' | null;
}

export class Review {
  constructor(
    private readonly automl: IAutoML,
    readonly id: string,
    draft: IDraft = NO_CHANGES
  ) {
    this._state = { draft, refusal: null, doing: null };
  }

  get = (): IReviewState => this._state;

  /** Be told of changes; returns how to be told no longer. */
  listen = (told: () => void): (() => void) => {
    this._changed.connect(told);
    return () => {
      this._changed.disconnect(told);
    };
  };

  change(draft: Partial<IDraft>): void {
    this.set({ draft: { ...this._state.draft, ...draft }, refusal: null });
  }

  /** Have the edits validated and kept. */
  async keep(): Promise<void> {
    const { api, trans } = this.automl;
    const job = await this.look();
    const edits = job?.recipe && editsOf(this._state.draft, job.recipe);
    if (!edits || isUnchanged(edits)) {
      return;
    }
    if (await this.hand('keep', () => api.editProposal(this.id, edits))) {
      this.set({ draft: NO_CHANGES });
      Notification.success(trans.__('The edits are valid and kept.'), {
        autoClose: 5000
      });
    }
  }

  /** Ask what is to be made, and have it made with the edits as they stand. */
  async approve(): Promise<void> {
    const { api } = this.automl;
    const job = await this.look();
    if (!job?.recipe) {
      return;
    }
    const edits = editsOf(this._state.draft, job.recipe);
    let asked: Omit<Approval, 'edits'> | undefined;
    for (;;) {
      const wrong = placed(this._state.refusal?.fields ?? {}, NO_CHANGES).train;
      asked = await askHowToApprove(this.automl, job, edits, asked, wrong);
      if (!asked) {
        return;
      }
      const body = { edits, ...asked };
      const hasWorked = await this.hand('approve', () =>
        api.approveProposal(this.id, body)
      );
      if (hasWorked) {
        this.set({ draft: NO_CHANGES });
        return;
      }
      const fields = this._state.refusal?.fields ?? {};
      if (!Object.keys(placed(fields, NO_CHANGES).train).length) {
        return; // the page shows what is wrong
      }
    }
  }

  private async look(): Promise<Proposal | undefined> {
    try {
      return await this.automl.api.proposal(this.id);
    } catch (error) {
      this.refuse(error);
      return undefined;
    }
  }

  private async hand(
    doing: 'keep' | 'approve',
    act: () => Promise<unknown>
  ): Promise<boolean> {
    this.set({ doing, refusal: null });
    try {
      await act();
      return true;
    } catch (error) {
      this.refuse(error);
      return false;
    } finally {
      this.set({ doing: null });
      void this.automl.client.invalidateQueries({
        queryKey: ['feature_engineering']
      });
    }
  }

  private refuse(error: unknown): void {
    const refusal =
      error instanceof ApiError ? error : new ApiError(0, String(error));
    this.set({ refusal });
  }

  private set(changes: Partial<IReviewState>): void {
    this._state = { ...this._state, ...changes };
    this._changed.emit();
  }

  private _state: IReviewState;
  private _changed = new Signal<this, void>(this);
}
