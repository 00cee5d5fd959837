import { app } from 'electron'
import { openBack } from './back.ts'
import { defaultHome, findInstallation } from './installation.ts'
import { createLog } from './log.ts'
import { startDesktop } from './shell/desktop.ts'
import { onToldToEnd } from './told-to-end.ts'
import { watchUncaughtErrors } from './uncaught-errors.ts'

/** The desktop app: one instance, which hosts the back and shows it in a window. */
if (!app.requestSingleInstanceLock()) app.quit()
else {
  const log = createLog({ level: process.env.SLIPWAY_LOG ?? 'info' })
  const uncaught = watchUncaughtErrors({ log, end: () => app.exit(1) })
  void startDesktop({
    installation: findInstallation(),
    onToldToEnd,
    openBack: (options) =>
      openBack({
        ...options,
        mode: 'desktop',
        home: defaultHome(),
        installation: findInstallation(),
        metrics: [uncaught],
        log,
      }),
  }).catch((error: unknown) => {
    process.stderr.write(`slipway: ${error instanceof Error ? error.message : String(error)}\n`)
    app.exit(1)
  })
}
