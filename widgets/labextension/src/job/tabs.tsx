/** Tabs as ARIA's authoring practices have them: arrows move, Home and End go to the ends. */

import { classes } from '@jupyterlab/ui-components';
import { useId, useRef, type KeyboardEvent, type ReactNode } from 'react';

interface ITabsProps {
  label: string;
  tabs: { key: string; title: string }[];
  chosen: string;
  choose: (key: string) => void;
  children: ReactNode;
}

export function Tabs({ label, tabs, chosen, choose, children }: ITabsProps) {
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const move = (event: KeyboardEvent) => {
    const place = tabs.findIndex(tab => tab.key === chosen);
    const places: Record<string, number> = {
      ArrowLeft: (place + tabs.length - 1) % tabs.length,
      ArrowRight: (place + 1) % tabs.length,
      Home: 0,
      End: tabs.length - 1
    };
    const next = places[event.key];
    if (next !== undefined) {
      event.preventDefault();
      choose(tabs[next].key);
      list.current?.querySelectorAll('button')[next].focus();
    }
  };
  return (
    <>
      <div
        className="jp-AutoML-tabs"
        role="tablist"
        aria-label={label}
        ref={list}
        onKeyDown={move}
      >
        {tabs.map(({ key, title }) => (
          <button
            key={key}
            id={`${id}-${key}`}
            className={classes(key === chosen && 'jp-mod-chosen')}
            role="tab"
            aria-selected={key === chosen}
            aria-controls={`${id}-panel`}
            tabIndex={key === chosen ? 0 : -1}
            onClick={() => choose(key)}
          >
            {title}
          </button>
        ))}
      </div>
      <div
        id={`${id}-panel`}
        className="jp-AutoML-tabPanel"
        role="tabpanel"
        aria-labelledby={`${id}-${chosen}`}
        tabIndex={0}
      >
        {children}
      </div>
    </>
  );
}
