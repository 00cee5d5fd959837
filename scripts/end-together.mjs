// Ties the app's life to its script: the app ends when npm or this script ends, however that happens.

/**
 * Sets the environment by which the app finds its parent: it stops its workers and exits when this script is
 * gone (src/main/end-signals.ts).
 */
export const parentEnv = { SLIPWAY_PARENT: String(process.pid) }

/**
 * Passes signals on to `child`, ends it when npm has been killed, and exits with it. npm passes SIGTERM and SIGINT to
 * the process of its script, which is this one because package.json says `exec`; a SIGKILL of npm shows in the parent's
 * id.
 */
export function endTogether(child) {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)))
  // Run by hand, the script may outlive the shell that started it.
  if (process.env.npm_lifecycle_event !== undefined) onParentGone(() => child.kill('SIGTERM'))
}

/** Calls `end` once when the process that started this one is gone. */
export function onParentGone(end) {
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    end()
  }, 1_000)
  timer.unref()
}
