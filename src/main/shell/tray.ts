import { app, dialog, Menu, nativeImage, Tray } from 'electron'
import { join } from 'node:path'
import type { Stop } from '#shared/base/disposable.ts'
import { messageOf } from '#shared/base/message-of.ts'
import type { Cluster } from '#shared/contract/clusters.ts'
import type { Command } from '#shared/contract/app.ts'
import type { Speech } from './texts/index.ts'
import { trayMenu } from './tray-menu.ts'
import { trayModel, type TrayState } from './tray-model.ts'

export interface TrayClusters {
  list(): Cluster[]
  onChange(listener: () => void): Stop
  start(name: string): void
  stop(name: string): void
}

export interface TrayOptions {
  resources: string
  clusters: TrayClusters
  speech: Speech
  show(): void
  openCluster(name: string): void
  command(name: Command): void
}

/** A tray icon with the clusters' state and what one does most. Clusters keep running without a window. */
export function createTray(options: TrayOptions): Tray {
  const { clusters, speech, show, openCluster, command } = options
  const tray = new Tray(iconOf(options.resources, 'idle'))
  const refresh = (): void => {
    const texts = speech.texts()
    const model = trayModel(clusters.list(), texts)
    const menu = trayMenu(model, texts, {
      show,
      openCluster,
      startCluster: (name) => attempt(() => clusters.start(name)),
      stopCluster: (name) => attempt(() => clusters.stop(name)),
      command,
      quit: () => app.quit(),
    })
    tray.setImage(iconOf(options.resources, model.state))
    tray.setToolTip(`Slipway: ${model.text}`)
    tray.setContextMenu(Menu.buildFromTemplate(menu))
  }
  tray.on('click', show)
  clusters.onChange(refresh)
  speech.onChange(refresh)
  refresh()
  return tray
}

/** macOS colours a template image as its menu bar is. */
const iconOf = (resources: string, state: TrayState) =>
  nativeImage.createFromPath(
    join(resources, `icons/tray-${state}${process.platform === 'darwin' ? 'Template' : ''}.png`),
  )

/** A cluster may have changed since the menu was drawn: then it says why it does not do this now. */
function attempt(act: () => void): void {
  try {
    act()
  } catch (error) {
    dialog.showErrorBox('Slipway', messageOf(error))
  }
}
