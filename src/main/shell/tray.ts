import { app, dialog, Menu, nativeImage, Tray, type MenuItemConstructorOptions } from 'electron'
import { join } from 'node:path'
import type { Stop } from '#shared/base/disposable.ts'
import { messageOf } from '#shared/base/message-of.ts'
import type { Cluster } from '#shared/contract/clusters.ts'
import type { Command } from '#shared/contract/app.ts'
import { trayModel, type TrayModel, type TrayState } from './tray-model.ts'

export interface TrayClusters {
  list(): Cluster[]
  onChange(listener: () => void): Stop
  start(name: string): void
  stop(name: string): void
}

export interface TrayOptions {
  resources: string
  clusters: TrayClusters
  show(): void
  openCluster(name: string): void
  command(name: Command): void
}

/** A tray icon with the clusters' state and what one does most. Clusters keep running without a window. */
export function createTray(options: TrayOptions): Tray {
  const { clusters, show } = options
  const tray = new Tray(iconOf(options.resources, 'idle'))
  const refresh = (): void => {
    const model = trayModel(clusters.list())
    tray.setImage(iconOf(options.resources, model.state))
    tray.setToolTip(`Slipway: ${model.text}`)
    tray.setContextMenu(Menu.buildFromTemplate(trayMenu(model, options)))
  }
  tray.on('click', show)
  clusters.onChange(refresh)
  refresh()
  return tray
}

/** macOS colours a template image as its menu bar is. */
const iconOf = (resources: string, state: TrayState) =>
  nativeImage.createFromPath(
    join(resources, `icons/tray-${state}${process.platform === 'darwin' ? 'Template' : ''}.png`),
  )

function trayMenu(
  model: TrayModel,
  { clusters, show, openCluster, command }: TrayOptions,
): MenuItemConstructorOptions[] {
  const ofClusters = model.clusters.map(({ name, text, action }): MenuItemConstructorOptions => ({
    label: text,
    submenu: [
      { label: 'Open', click: () => openCluster(name) },
      { label: 'Start', enabled: action === 'start', click: () => attempt(() => clusters.start(name)) },
      { label: 'Stop', enabled: action === 'stop', click: () => attempt(() => clusters.stop(name)) },
    ],
  }))
  return [
    { label: model.text, enabled: false },
    ...ofClusters,
    { type: 'separator' },
    { label: 'Open Slipway', click: show },
    { label: 'New Cluster…', click: () => command('new-cluster') },
    { label: 'Deploy…', click: () => command('deploy') },
    { label: 'Settings…', click: () => command('settings') },
    { type: 'separator' },
    { label: 'Quit', click: () => app.quit() },
  ]
}

/** A cluster may have changed since the menu was drawn: then it says why it does not do this now. */
function attempt(act: () => void): void {
  try {
    act()
  } catch (error) {
    dialog.showErrorBox('Slipway', messageOf(error))
  }
}
