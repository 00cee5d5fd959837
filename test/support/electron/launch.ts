import { existsSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { _electron, type Browser, type Page } from '@playwright/test'

export interface Desktop {
  page: Page
  /** The stand-in's records; undefined where real Electron runs. */
  standIn?: Awaited<typeof import('./electron.ts')>
  close(): Promise<void>
}

const root = join(import.meta.dirname, '../../..')
const electronBinary = join(root, 'node_modules/electron/dist/electron')

/** Whether Electron's own binary is there; it is downloaded apart from its package. */
export const hasElectron = existsSync(electronBinary)

/** Starts the built desktop app on data folder `home`: in real Electron where its binary exists, else in the stand-in. */
export async function launchDesktop({ browser, home }: { browser: Browser; home: string }): Promise<Desktop> {
  return hasElectron ? launchElectron(home) : launchStandIn(browser, home)
}

async function launchElectron(home: string): Promise<Desktop> {
  const electron = await _electron.launch({
    executablePath: electronBinary,
    args: [root],
    env: { ...(process.env as Record<string, string>), SLIPWAY_HOME: home },
  })
  return { page: await electron.firstWindow(), close: () => electron.close() }
}

async function launchStandIn(browser: Browser, home: string): Promise<Desktop> {
  const url = pathToFileURL(join(import.meta.dirname, 'electron.ts')).href
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === 'electron' ? { url, shortCircuit: true } : next(specifier, context),
  })
  process.env.SLIPWAY_HOME = home
  const standIn = (await import(url)) as typeof import('./electron.ts')
  standIn.standIn.browser = browser
  await import(pathToFileURL(join(root, 'out/main/index.js')).href)
  standIn.app.becomeReady()
  while (!standIn.standIn.windows[0]) await new Promise((resolve) => setTimeout(resolve, 10))
  const page = await standIn.standIn.windows[0].loaded
  return {
    page,
    standIn,
    async close() {
      // Quitting may wait for an answer in the window: a test that wants to see that quits by itself.
      standIn.app.exit(0)
      await standIn.standIn.exited
      for (const window of standIn.standIn.windows) await window.webContents.context?.close()
    },
  }
}
