/** The page of one proposal. */

import type { IEditorServices } from '@jupyterlab/codeeditor';
import { useState, useSyncExternalStore, type ReactNode } from 'react';
import { ApiError, type Proposal } from '../api';
import { useAutoML } from '../context';
import { LogOf } from '../job/log';
import { Tabs } from '../job/tabs';
import { Message, Problem } from '../message';
import { useProposal } from '../proposals/queries';
import { WithServer } from '../server';
import { editsOf, isUnchanged, nameFaults, placed } from './draft';
import { Features } from './features';
import { Header } from './header';
import { LabelAndNotes } from './labelNotes';
import type { Review } from './review';
import { Specification } from './specification';
import { Sql } from './sql';
import { Validation } from './validation';

export interface IProposalPageProps {
  review: Review;
  editors: IEditorServices;
}

export function ProposalPage(props: IProposalPageProps) {
  return (
    <WithServer>
      <Looked {...props} />
    </WithServer>
  );
}

function Looked(props: IProposalPageProps) {
  const { trans } = useAutoML();
  const found = useProposal(props.review.id);
  if (found.error instanceof ApiError && found.error.status === 404) {
    return (
      <Message title={trans.__('This proposal is gone')}>
        {trans.__('Somebody has deleted it. Close this tab.')}
      </Message>
    );
  }
  if (found.error && !found.data) {
    return <Problem error={found.error} retry={() => void found.refetch()} />;
  }
  return found.data ? (
    <Shown {...props} job={found.data} />
  ) : (
    <Message title={trans.__('Looking for the proposal…')} />
  );
}

function Shown({
  review,
  editors,
  job
}: IProposalPageProps & { job: Proposal }) {
  const { trans } = useAutoML();
  const { draft } = useSyncExternalStore(review.listen, review.get);
  const [tab, setTab] = useState('');
  const { recipe } = job;
  const isOpen = job.status === 'pending_approval';
  const edits = recipe && isOpen ? editsOf(draft, recipe) : {};
  const hasEdits = !isUnchanged(edits);
  const faults =
    recipe && isOpen ? nameFaults(draft, recipe, reserved(job)) : {};
  const kept =
    (recipe?.features?.length ?? 0) - (edits.remove_features?.length ?? 0);
  const isSound = kept > 0 && Object.keys(faults).length === 0;
  const views: [string, string, () => ReactNode][] = [
    [
      'review',
      trans.__('Review'),
      () => (
        <ReviewTab job={job} review={review} isOpen={isOpen} faults={faults} />
      )
    ],
    [
      'sql',
      trans.__('SQL'),
      () => <Sql text={job.sql ?? ''} hasEdits={hasEdits} editors={editors} />
    ],
    [
      'specification',
      trans.__('Specification'),
      () => <Specification job={job} />
    ],
    [
      'log',
      trans.__('Log'),
      () => (
        <LogOf
          id={job.job_id}
          name={job.target_table_name}
          kind="feature_engineering"
        />
      )
    ]
  ];
  const chosen = tab || (recipe ? 'review' : 'log');
  return (
    <>
      <Header job={job} review={review} hasEdits={hasEdits} isSound={isSound} />
      <Tabs
        label={trans.__('Views of %1', job.target_table_name)}
        tabs={views.map(([key, title]) => ({ key, title }))}
        chosen={chosen}
        choose={setTab}
      >
        {views.find(([key]) => key === chosen)?.[2]()}
      </Tabs>
    </>
  );
}

interface IReviewTabProps {
  job: Proposal;
  review: Review;
  isOpen: boolean;
  faults: ReturnType<typeof nameFaults>;
}

function ReviewTab({ job, review, isOpen, faults }: IReviewTabProps) {
  const { trans } = useAutoML();
  const { draft, refusal } = review.get();
  const { recipe } = job;
  if (!recipe) {
    return (
      <Message title={trans.__('Nothing is proposed yet')}>
        {trans.__('The log tells what the crew is doing.')}
      </Message>
    );
  }
  const wrong = placed(refusal?.fields ?? {}, draft);
  return (
    <div className="jp-AutoML-review">
      <Validation job={job} />
      <Features
        recipe={recipe}
        review={review}
        draft={draft}
        isOpen={isOpen}
        faults={faults}
        refused={wrong.features}
        nulls={job.validation?.high_null_columns ?? {}}
      />
      {isOpen ? (
        <LabelAndNotes
          job={job}
          recipe={recipe}
          review={review}
          draft={draft}
          refused={wrong.label}
          refusedNotes={wrong.notes}
        />
      ) : (
        recipe.notes && (
          <section>
            <h2>{trans.__('Notes')}</h2>
            <p className="jp-AutoML-notes">{recipe.notes}</p>
          </section>
        )
      )}
    </div>
  );
}

/** Names that the table has besides its features and its label. */
function reserved({ plan }: Proposal): string[] {
  return plan
    ? [...plan.grain, ...(plan.time_column ? [plan.time_column] : [])]
    : [];
}
