import { app, Menu, nativeImage, Tray } from 'electron'
import { join } from 'node:path'
import type { Stop } from '#shared/base/disposable.ts'
import type { Command } from '#main/rpc/app.ts'

/** A tray icon that shows how many clusters run and opens the window. Clusters keep running without a window. */
export function createTray({
  resources,
  show,
  command,
  clusters,
}: {
  resources: string
  show(): void
  command(name: Command): void
  clusters: { list(): { state: string }[]; onChange(listener: () => void): Stop }
}): Tray {
  const tray = new Tray(nativeImage.createFromPath(join(resources, 'icons/tray-idle.png')))
  const refresh = (): void => {
    const running = clusters.list().filter(({ state }) => state === 'running').length
    const text = running === 0 ? 'No cluster runs' : running === 1 ? '1 cluster runs' : `${running} clusters run`
    tray.setToolTip(`Slipway: ${text}`)
    tray.setContextMenu(
      Menu.buildFromTemplate([
        { label: text, enabled: false },
        { type: 'separator' },
        { label: 'Open Slipway', click: show },
        { label: 'New Cluster…', click: () => command('new-cluster') },
        { type: 'separator' },
        { label: 'Quit', click: () => app.quit() },
      ]),
    )
  }
  tray.on('click', show)
  clusters.onChange(refresh)
  refresh()
  return tray
}
