/** A group of jobs that can be folded, page by page. */

import {
  Button,
  caretDownIcon,
  caretRightIcon,
  caretLeftIcon
} from '@jupyterlab/ui-components';
import { useState, type FormEvent, type ReactNode } from 'react';
import { useAutoML } from '../context';

export const PAGE = 25;

/** The page of a list; another question starts over. */
export function usePage(query: object): [number, (page: number) => void] {
  const asked = JSON.stringify(query);
  const [place, setPlace] = useState({ asked, page: 0 });
  return [
    place.asked === asked ? place.page : 0,
    page => setPlace({ asked, page })
  ];
}

interface IFoldingProps {
  title: string;
  /** Of all pages. */
  count: number;
  page: number;
  setPage: (page: number) => void;
  /** Whether the count is that of what is asked for now. */
  isSettled: boolean;
  children: ReactNode;
}

/** A group with its count, folded or page by page; nothing where it is empty. */
export function Folding(props: IFoldingProps) {
  const { title, count, page, setPage, isSettled, children } = props;
  const { trans } = useAutoML();
  const [isOpen, setOpen] = useState(true);
  const pages = Math.max(1, Math.ceil(count / PAGE));
  if (page >= pages && count && isSettled) {
    setPage(pages - 1); // the last page has emptied
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
      {isOpen && <ul>{children}</ul>}
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
          <PageNumber
            key={page}
            page={page}
            pages={pages}
            title={title}
            go={setPage}
          />
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

interface IPageNumberProps {
  page: number;
  pages: number;
  title: string;
  go: (page: number) => void;
}

/** Where one is; another number and Enter go there. */
function PageNumber({ page, pages, title, go }: IPageNumberProps) {
  const { trans } = useAutoML();
  const [typed, setTyped] = useState(String(page + 1));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const wanted = Math.round(Number(typed));
    const known = Math.min(pages, Math.max(1, wanted || page + 1));
    setTyped(String(known));
    go(known - 1);
  };
  return (
    <form onSubmit={submit} noValidate>
      <input
        className="jp-mod-styled"
        inputMode="numeric"
        size={String(pages).length}
        aria-label={trans.__('Page of %1', title)}
        value={typed}
        onChange={event => setTyped(event.target.value)}
        onBlur={submit}
      />
      <span>{trans.__('of %1', pages)}</span>
    </form>
  );
}
