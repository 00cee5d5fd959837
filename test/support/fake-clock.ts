import type { Clock } from '#shared/base/clock.ts'

/** Time that stands still until `advance`; tasks run in order of their time, settling promises in between. */
export interface FakeClock extends Clock {
  advance(ms: number): Promise<void>
  /** As a machine that sleeps: time goes by, and what was due runs at its end. */
  sleep(ms: number): Promise<void>
  /** How many tasks are set. */
  readonly pending: number
}

/** @param rest waits between two tasks until what the first has caused is done */
export function createFakeClock(start = Date.parse('2026-01-01T00:00:00Z'), rest = settle): FakeClock {
  let now = start
  let tasks: { at: number; task: () => void }[] = []

  const nextDue = (until: number): { at: number; task: () => void } | undefined => {
    let next: { at: number; task: () => void } | undefined
    for (const task of tasks) if (task.at <= until && (!next || task.at < next.at)) next = task
    return next
  }

  return {
    now: () => now,
    after(ms, task) {
      const entry = { at: now + ms, task }
      tasks.push(entry)
      return () => {
        tasks = tasks.filter((other) => other !== entry)
      }
    },
    get pending() {
      return tasks.length
    },
    async sleep(ms) {
      now += ms
      await this.advance(0)
    },
    async advance(ms) {
      const until = now + ms
      await rest()
      for (let next = nextDue(until); next; next = nextDue(until)) {
        const due = next
        tasks = tasks.filter((other) => other !== due)
        now = Math.max(now, due.at)
        due.task()
        await rest()
      }
      now = until
    },
  }
}

/** Lets everything run that waits for promises and macrotasks only. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
}
