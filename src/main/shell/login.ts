import { app } from 'electron'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { autostartEntry } from './autostart-entry.ts'

/** With it the app starts in the tray, without a window. */
export const hiddenFlag = '--hidden'

/** Has the app started in the tray when the user signs in to the machine, or no longer. */
export async function setStartAtLogin(wanted: boolean): Promise<void> {
  if (process.platform === 'linux') await setAutostart(wanted)
  else app.setLoginItemSettings({ openAtLogin: wanted, args: [hiddenFlag] })
}

/** A desktop entry in the autostart folder of the XDG specification: Electron's login items are those of macOS and Windows. */
async function setAutostart(wanted: boolean): Promise<void> {
  const folder = join(process.env.XDG_CONFIG_HOME ?? join(homedir(), '.config'), 'autostart')
  const file = join(folder, 'slipway-desktop.desktop')
  if (!wanted) return rm(file, { force: true })
  await mkdir(folder, { recursive: true })
  await writeFile(file, autostartEntry(command()))
}

/** An AppImage is mounted elsewhere at each start; its own file stays. */
const command = (): string[] => [
  process.env.APPIMAGE ?? app.getPath('exe'),
  ...(app.isPackaged ? [] : [app.getAppPath()]),
  hiddenFlag,
]
