/** From this many objects on, a refresh is made at most four times a second. */
const many = 2_000

/** When a gathered refresh happens; tests replace it. */
export interface Schedule {
  nextFrame(run: () => void): void
  later(run: () => void, ms: number): void
}
const browser: Schedule = {
  nextFrame: (run) => void requestAnimationFrame(run),
  later: (run, ms) => void setTimeout(run, ms),
}

/** Combines changes into one refresh per frame. @param size number of objects that a refresh handles */
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
