import type { Cluster, Operation } from '#shared/contract/clusters.ts'

/** What the desktop says outside its windows: menu, tray, notifications and dialogs of the system. */
export interface ShellTexts {
  menu: Record<
    | 'file'
    | 'newWindow'
    | 'newCluster'
    | 'openManifests'
    | 'deploy'
    | 'settings'
    | 'close'
    | 'quit'
    | 'edit'
    | 'undo'
    | 'redo'
    | 'cut'
    | 'copy'
    | 'paste'
    | 'selectAll'
    | 'view'
    | 'palette'
    | 'dock'
    | 'actualSize'
    | 'zoomIn'
    | 'zoomOut'
    | 'fullScreen'
    | 'window'
    | 'minimise'
    | 'zoom'
    | 'front'
    | 'help'
    | 'shortcuts'
    | 'documentation'
    | 'about'
    | 'services'
    | 'hide'
    | 'hideOthers'
    | 'showAll',
    string
  >
  tray: {
    openSlipway: string
    open: string
    start: string
    stop: string
    running(count: number): string
    hasTrouble(name: string): string
    haveTrouble(count: number): string
    noWorkers: string
    ready(ready: number, all: number): string
    states: Record<Exclude<Cluster['state'], 'running'>, string>
  }
  breakages: {
    failed: Record<Operation['kind'], string>
    seeSteps: string
    lost(worker: string): string
    silent: string
    ended: string
    crashes(pod: string): string
    crash(count: number): string
    more(names: string, count: number): string
  }
  dialogs: {
    cancel: string
    run: string
    runAction(name: string): string
    runActionWhy: string
    openManifests: string
    manifests: string
    badLink: string
    badFiles: string
    uncleanEnd: string
  }
}
