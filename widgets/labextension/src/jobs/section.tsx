/** A group of jobs that can be folded, page by page. */

import {
  Button,
  caretDownIcon,
  caretRightIcon,
  caretLeftIcon
} from '@jupyterlab/ui-components';
import { useState } from 'react';
import type { JobQuery, JobStatus } from '../api';
import { useAutoML } from '../context';
import { Problem } from '../message';
import { useJobs } from '../queries';
import { JobRow } from './row';

export const PAGE = 25;

interface ISectionProps {
  title: string;
  /** Which jobs, and in which order; the page is the section's own. */
  query: JobQuery & { status: JobStatus[] };
}

export function Section({ title, query }: ISectionProps) {
  const { trans } = useAutoML();
  const [isOpen, setOpen] = useState(true);
  const asked = JSON.stringify(query);
  const [place, setPlace] = useState({ asked, page: 0 });
  const page = place.asked === asked ? place.page : 0; // another question starts over
  const setPage = (page: number) => setPlace({ asked, page });
  const jobs = useJobs({ ...query, limit: PAGE, offset: page * PAGE });
  const count = jobs.data?.count ?? 0;
  const pages = Math.max(1, Math.ceil(count / PAGE));
  if (page >= pages && jobs.data && !jobs.isPlaceholderData) {
    setPage(pages - 1); // the last page has emptied
  }
  if (jobs.error && !jobs.data) {
    return <Problem error={jobs.error} retry={() => void jobs.refetch()} />;
  }
  if (!count) {
    return null;
  }
  const Caret = isOpen ? caretDownIcon : caretRightIcon;
  return (
    <section className="jp-AutoML-section" aria-label={title}>
      <h3>
        <button aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          <Caret.react tag="span" />
          {title}
          <span className="jp-AutoML-count">{count}</span>
        </button>
      </h3>
      {isOpen && (
        <ul>
          {jobs.data?.jobs.map(job => (
            <JobRow key={job.job_id} job={job} />
          ))}
        </ul>
      )}
      {isOpen && pages > 1 && (
        <nav
          className="jp-AutoML-pages"
          aria-label={trans.__('Pages of %1', title)}
        >
          <Button
            minimal
            small
            disabled={page === 0}
            aria-label={trans.__('Previous page')}
            onClick={() => setPage(page - 1)}
          >
            <caretLeftIcon.react tag="span" />
          </Button>
          <span>{trans.__('%1 of %2', page + 1, pages)}</span>
          <Button
            minimal
            small
            disabled={page + 1 >= pages}
            aria-label={trans.__('Next page')}
            onClick={() => setPage(page + 1)}
          >
            <caretRightIcon.react tag="span" />
          </Button>
        </nav>
      )}
    </section>
  );
}
