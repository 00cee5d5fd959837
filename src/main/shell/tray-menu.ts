import type { MenuItemConstructorOptions } from 'electron'
import type { Command } from '#shared/contract/app.ts'
import type { ShellTexts } from './texts/index.ts'
import type { TrayModel } from './tray-model.ts'

export interface TrayActions {
  show(): void
  openCluster(name: string): void
  startCluster(name: string): void
  stopCluster(name: string): void
  command(name: Command): void
  quit(): void
}

export function trayMenu(
  model: TrayModel,
  { menu, tray }: ShellTexts,
  { show, openCluster, startCluster, stopCluster, command, quit }: TrayActions,
): MenuItemConstructorOptions[] {
  const ofClusters = model.clusters.map(({ name, text, action }): MenuItemConstructorOptions => ({
    label: text,
    submenu: [
      { label: tray.open, click: () => openCluster(name) },
      { label: tray.start, enabled: action === 'start', click: () => startCluster(name) },
      { label: tray.stop, enabled: action === 'stop', click: () => stopCluster(name) },
    ],
  }))
  return [
    { label: model.text, enabled: false },
    ...ofClusters,
    { type: 'separator' },
    { label: tray.openSlipway, click: show },
    { label: menu.newCluster, click: () => command('new-cluster') },
    { label: menu.deploy, click: () => command('deploy') },
    { label: menu.settings, click: () => command('settings') },
    { type: 'separator' },
    { label: menu.quit, click: quit },
  ]
}
