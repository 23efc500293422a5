// What JupyterLab's modules look for as they load, and jsdom lacks.
Object.assign(globalThis, { DragEvent: class extends MouseEvent {} });
window.matchMedia = () => new EventTarget() as MediaQueryList;
