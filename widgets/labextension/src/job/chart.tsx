/** A Vega-Lite chart, drawn by the renderer that JupyterLab brings. */

import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { Widget } from '@lumino/widgets';
import {
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
  type RefObject
} from 'react';

const MIME = 'application/vnd.vegalite.v5+json';

interface IChartProps {
  spec: object;
  /** What a screen reader says. */
  label: string;
  rendermime: IRenderMimeRegistry;
}

export function Chart({ spec, label, rendermime }: IChartProps) {
  const host = useRef<HTMLDivElement>(null);
  const drawn = useRef<Widget | null>(null);
  const width = useWidth(host);
  useTheme();
  const text = JSON.stringify({
    ...spec,
    width,
    autosize: { type: 'fit-x', contains: 'padding' },
    config: themed()
  });
  useEffect(() => {
    const node = host.current;
    if (!node || !width) {
      return;
    }
    const renderer = rendermime.createRenderer(MIME);
    const model = rendermime.createModel({
      data: { [MIME]: JSON.parse(text) },
      metadata: {
        [MIME]: { embed_options: { actions: false, renderer: 'svg' } }
      }
    });
    let isGone = false;
    void renderer.renderModel(model).then(() => {
      if (isGone) {
        renderer.dispose();
        return;
      }
      drawn.current?.dispose(); // only now, so that nothing flickers
      Widget.attach(renderer, node);
      drawn.current = renderer;
    });
    return () => {
      isGone = true;
    };
  }, [text, width, rendermime]);
  useLayoutEffect(
    () => () => {
      drawn.current?.dispose();
      drawn.current = null;
    },
    []
  );
  return (
    <div className="jp-AutoML-chart" role="img" aria-label={label} ref={host} />
  );
}

/** The width of an element in steps, so that dragging a border does not draw all the time. */
function useWidth(host: RefObject<HTMLDivElement>): number {
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) =>
      setWidth(20 * Math.floor(entry.contentRect.width / 20))
    );
    if (host.current) {
      observer.observe(host.current);
    }
    return () => observer.disconnect();
  }, [host]);
  return width;
}

/** Render again when the theme changes. */
function useTheme(): void {
  const [, setTheme] = useState(document.body.dataset.jpThemeName ?? '');
  useEffect(() => {
    const observer = new MutationObserver(() =>
      setTheme(document.body.dataset.jpThemeName ?? '')
    );
    observer.observe(document.body, {
      attributeFilter: ['data-jp-theme-name']
    });
    return () => observer.disconnect();
  }, []);
}

function themed() {
  const style = getComputedStyle(document.body);
  const colour = (name: string) =>
    style.getPropertyValue(`--jp-${name}`).trim();
  const [text, lines] = [colour('ui-font-color1'), colour('border-color2')];
  return {
    background: 'transparent',
    font: colour('ui-font-family'),
    view: { stroke: null },
    axis: {
      labelColor: text,
      titleColor: text,
      titleFontWeight: 'normal',
      gridColor: lines,
      domainColor: lines,
      tickColor: lines
    },
    line: { color: colour('brand-color1') },
    point: { color: colour('brand-color1') }
  };
}
