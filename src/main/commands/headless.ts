import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findInstallation, defaultHome } from '../installation.ts'
import { createLog } from '../log.ts'
import { openBack, type Back } from '../back.ts'
import { onEndSignal } from '../end-signals.ts'
import { watchUncaughtErrors } from '../uncaught-errors.ts'
import { startWebServer, type WebServer } from '../web/server.ts'
import { ExpectedError } from './expected-error.ts'
import { controlSocketOf, isServed, rememberHome } from './homes.ts'

/** The app without a window: the back end and the web server of one home. */
export interface Headless {
  back: Back
  web: WebServer
  /**
   * Resolves on a signal, at the parent's exit or by request of the user interface, with what to do about the workers.
   */
  ended: Promise<'stop' | 'keep'>
  stop(workers: 'stop' | 'keep' | 'remove'): Promise<void>
}

/** @param options `data`: the home; `uiPort`: 0 for the last one, or any where it is taken */
export async function startHeadless({
  data,
  uiPort,
}: {
  data?: string | undefined
  uiPort: number
}): Promise<Headless> {
  const home = data ?? defaultHome()
  if (await isServed(home))
    throw new ExpectedError(`another Slipway uses ${home}; stop it, or name another folder with --data`)
  const installation = findInstallation()
  const log = createLog({ level: process.env.SLIPWAY_LOG ?? 'info' })
  const { promise: ended, resolve: end } = Promise.withResolvers<'stop' | 'keep'>()
  onEndSignal(() => end('stop'))
  const uncaught = watchUncaughtErrors({ log, end: () => process.exit(stateLostCode) })
  const back = await openBack({
    home,
    mode: 'headless',
    installation,
    log,
    metrics: [uncaught],
    quit: (clusters) => {
      if (clusters !== 'cancel') end(clusters)
    },
  })
  await rememberHome(home)
  const web = await startWebServer({
    router: back.router,
    renderer: installation.renderer,
    port: uiPort || (await lastPort(home)),
    otherwiseAny: uiPort === 0,
    controlSocket: controlSocketOf(home),
    imagesOf: (cluster) => back.clusters.running(cluster).images,
    log,
  })
  await writeFile(portFileOf(home), new URL(web.url).port, { mode: 0o600 })
  return {
    back,
    web,
    ended,
    async stop(workers) {
      await back.close(workers)
      await web.stop()
    },
  }
}

/** A page that is open finds the app at its address again after a restart. */
const portFileOf = (home: string): string => join(home, 'ui-port')

async function lastPort(home: string): Promise<number> {
  const text = await readFile(portFileOf(home), 'utf8').catch(() => '')
  const port = Number(text)
  return Number.isInteger(port) && port > 1_023 && port < 65_536 ? port : 0
}

/** EX_SOFTWARE of sysexits.h. */
const stateLostCode = 70
