import { BrowserWindow, nativeTheme, screen } from 'electron'
import { join } from 'node:path'
import { appOrigin } from './protocol.ts'
import { fitBounds, type WindowState } from './window-state.ts'

/**
 * A window with the settings of Electron's security list (items 2-4 and 6-10).
 * @param options `root`: of the app; `state`: as it was, for a window that comes back
 */
export function createWindow({ root, state }: { root: string; state?: WindowState | undefined }): BrowserWindow {
  const window = new BrowserWindow({
    width: 1360,
    height: 860,
    ...(state ? fitBounds(state.bounds, displayAreas()) : {}),
    minWidth: 880,
    minHeight: 560,
    show: false,
    title: 'Slipway',
    backgroundColor: nativeTheme.shouldUseDarkColors ? '#0f1216' : '#ffffff',
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
  if (state?.maximised) window.maximize()
  window.once('ready-to-show', () => window.show())
  void window.loadURL(`${appOrigin}/#${state?.address ?? '/'}`)
  return window
}

function displayAreas() {
  const primary = screen.getPrimaryDisplay()
  const others = screen.getAllDisplays().filter(({ id }) => id !== primary.id)
  return [primary, ...others].map(({ workArea }) => workArea)
}
