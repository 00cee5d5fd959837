import { BrowserWindow } from 'electron'
import { join } from 'node:path'
import { appOrigin } from './protocol.ts'

/** The one window, with the settings of Electron's security list (items 2-4 and 6-10). */
export function createWindow({ root, dark }: { root: string; dark: boolean }): BrowserWindow {
  const window = new BrowserWindow({
    width: 1360,
    height: 860,
    minWidth: 880,
    minHeight: 560,
    show: false,
    title: 'Slipway',
    backgroundColor: dark ? '#0f1216' : '#ffffff',
    webPreferences: {
      preload: join(root, 'out/preload/index.cjs'),
      contextIsolation: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      sandbox: true,
      webSecurity: true,
      allowRunningInsecureContent: false,
      experimentalFeatures: false,
      webviewTag: false,
      spellcheck: false,
    },
  })
  window.once('ready-to-show', () => window.show())
  void window.loadURL(`${appOrigin}/`)
  return window
}
