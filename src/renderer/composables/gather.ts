/** From this many objects on, a refresh costs enough to be made four times a second only. */
const many = 2_000

/** When a gathered refresh happens; the browser's own unless a test says otherwise. */
export interface Schedule {
  nextFrame(run: () => void): void
  later(run: () => void, ms: number): void
}
const browser: Schedule = {
  nextFrame: (run) => void requestAnimationFrame(run),
  later: (run, ms) => void setTimeout(run, ms),
}

/** Makes one refresh of however many changes came since the last one. @param size how much a refresh has to handle */
export function gather(refresh: () => void, size: () => number, schedule: Schedule = browser): () => void {
  let due = false
  const run = (): void => {
    due = false
    refresh()
  }
  return () => {
    if (due) return
    due = true
    if (size() > many) schedule.later(run, 250)
    else schedule.nextFrame(run)
  }
}
