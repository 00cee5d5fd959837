import { registerHooks } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { _electron, type Browser, type Page } from '@playwright/test'
import { electronBinary } from '../../../scripts/set-up.mjs'

export interface Desktop {
  page: Page
  /** The stand-in's records; undefined where real Electron runs. */
  standIn?: Awaited<typeof import('./electron.ts')>
  close(): Promise<void>
}

const root = join(import.meta.dirname, '../../..')
const binary = electronBinary()

/** Whether the specs run in real Electron: its binary and a display are there. */
export const hasElectron = binary !== undefined

/** Starts the built desktop app on data folder `home`: in real Electron where it can run, else in the stand-in. */
export async function launchDesktop({ browser, home }: { browser: Browser; home: string }): Promise<Desktop> {
  return binary ? launchElectron(binary, home) : launchStandIn(browser, home)
}

/**
 * Playwright adds `--no-sandbox` on Linux by itself (`chromiumSandbox`), which root needs. Electron keeps its own data in
 * `home` too: the single-instance lock lies there, and an app that the developer has open must not take the launch.
 */
async function launchElectron(executablePath: string, home: string): Promise<Desktop> {
  const electron = await _electron.launch({
    executablePath,
    args: [root, `--user-data-dir=${join(home, 'electron')}`],
    env: { ...(process.env as Record<string, string>), SLIPWAY_HOME: home, XDG_CONFIG_HOME: join(home, 'config') },
  })
  return {
    page: await electron.firstWindow(),
    async close() {
      // ElectronApplication.close() quits, and quitting asks in the window while a cluster runs.
      const closed = electron.waitForEvent('close')
      await electron.evaluate(({ app }) => app.exit(0)).catch(() => undefined)
      await closed
    },
  }
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
