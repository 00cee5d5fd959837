import { describe, expect, it } from 'vitest'
import type { ContainerStatus, Pod } from '#shared/kube/generated/types.ts'
import { LogBuffer } from './log-buffer.ts'
import { runsOf, silencesOf, type LogRun } from './log-runs.ts'
import { readRun, type ReadOptions } from './read-run.ts'

const status = (more: Partial<ContainerStatus>): ContainerStatus => ({
  name: 'app',
  image: 'x',
  imageID: '',
  ready: false,
  restartCount: 0,
  ...more,
})
const pod = (of: Partial<ContainerStatus> | undefined, more: Partial<Pod> = {}): Pod => ({
  metadata: { name: 'web', uid: 'u' },
  spec: { containers: [{ name: 'app' }] },
  ...more,
  status: { phase: 'Pending', ...(of ? { containerStatuses: [status(of)] } : {}), ...more.status },
})
const exited = (containerID: string, exitCode = 1) => ({
  terminated: { containerID, exitCode, reason: 'Error', finishedAt: '2026-11-29T12:03:11Z' },
})

describe('the runs of a container', () => {
  it('a crashed one that waits for its next start has its last run', () => {
    const waiting = { waiting: { reason: 'CrashLoopBackOff' } }
    expect(runsOf(pod({ restartCount: 2, state: waiting, lastState: exited('c3') }))).toMatchObject([
      { id: 'c3', number: 3, state: 'previous', awaitsNext: true, ended: { code: 1, at: '2026-11-29T12:03:11Z' } },
    ])
  })
  it('a restarted one has the run before and the current one, in this order', () => {
    const runs = runsOf(pod({ restartCount: 1, containerID: 'c2', state: { running: {} }, lastState: exited('c1') }))
    expect(runs.map(({ id, number, state }) => [id, number, state])).toEqual([
      ['c1', 1, 'previous'],
      ['c2', 2, 'running'],
    ])
  })
  it('one that could not be started has none', () => {
    expect(runsOf(pod({ state: { terminated: { exitCode: 128, reason: 'StartError' } } }))).toEqual([])
  })
})

describe('why there is no log', () => {
  it('the reason and the message of what it waits for', () => {
    const state = { waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image "nope"' } }
    expect(silencesOf(pod({ state }))).toEqual([
      { container: 'app', reason: 'ImagePullBackOff', message: 'Back-off pulling image "nope"' },
    ])
  })
  it('an init container that has not finished', () => {
    const made = pod(
      { state: { waiting: { reason: 'PodInitializing' } } },
      {
        spec: { initContainers: [{ name: 'migrate' }], containers: [{ name: 'app' }] },
        status: { initContainerStatuses: [status({ name: 'migrate', containerID: 'i', state: { running: {} } })] },
      },
    )
    expect(silencesOf(made)).toMatchObject([{ container: 'app', waitsFor: 'migrate' }])
  })
  it('the scheduler, where no node takes the pod', () => {
    const conditions = [
      { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/1 nodes are available' },
    ]
    expect(silencesOf(pod(undefined, { status: { conditions } }))).toEqual([
      { container: '', reason: 'Unschedulable', message: '0/1 nodes are available' },
    ])
  })
  it('nothing for what runs or has run', () => {
    expect(silencesOf(pod({ containerID: 'c', state: { running: {} } }))).toEqual([])
  })
})

describe('reading a run', () => {
  const run: LogRun = { pod: 'web', container: 'app', id: 'c', number: 1, state: 'running', startedAt: '' }
  const line = (second: number, text: string): string => `2026-11-29T10:00:0${second}Z ${text}\n`

  /** @param answers what each request gives: text, and a failure where it breaks off; `states`: the run before each */
  async function read(answers: [text: string, failure?: string][], states: (LogRun['state'] | undefined)[]) {
    const buffer = new LogBuffer()
    const asked: ReadOptions[] = []
    const problems: unknown[] = []
    let at = 0
    const isWhole = await readRun({
      source: 0,
      buffer,
      range: { tailLines: 100 },
      now: () => {
        const state = states[Math.min(at, states.length - 1)]
        return state && { ...run, state }
      },
      read(options) {
        asked.push(options)
        const [text, failure] = answers[at++] ?? ['', 'no more answers']
        buffer.push(0, text)
        return failure === undefined ? Promise.resolve() : Promise.reject(new Error(failure))
      },
      onCaughtUp: () => undefined,
      onProblem: (error) => error !== undefined && problems.push(error),
      pause: () => Promise.resolve(),
    })
    return { isWhole, asked, problems, texts: buffer.lines.map(({ text }) => text) }
  }

  it('reads what is there, then follows from the last line, and repeats nothing', async () => {
    const { asked, texts, isWhole } = await read(
      [[line(1, 'a')], [line(1, 'a') + line(2, 'b')]],
      ['running', 'running', 'ended'],
    )
    expect(asked).toEqual([{ tailLines: 100 }, { sinceTime: '2026-11-29T10:00:01Z', follow: true }])
    expect(texts).toEqual(['a', 'b'])
    expect(isWhole).toBe(true)
  })
  it('a stream that breaks off goes on at its last whole line', async () => {
    const { texts } = await read(
      [[line(1, 'a')], [line(2, 'b') + line(3, 'c').slice(0, 24), 'lost'], [line(2, 'b') + line(3, 'c')]],
      ['running', 'running', 'running', 'ended'],
    )
    expect(texts).toEqual(['a', 'b', 'c'])
  })
  it('one whose container was restarted meanwhile is read to its end as the previous run', async () => {
    const { asked, texts, isWhole } = await read(
      [[line(1, 'a')], ['', 'lost'], [line(1, 'a') + line(2, 'b')]],
      ['running', 'running', 'previous'],
    )
    expect(asked.at(-1)).toEqual({ sinceTime: '2026-11-29T10:00:01Z', previous: true })
    expect(texts).toEqual(['a', 'b'])
    expect(isWhole).toBe(true)
  })
  it('says when the end can no longer be read', async () => {
    const { isWhole } = await read([[line(1, 'a')], ['', 'lost']], ['running', 'running', undefined])
    expect(isWhole).toBe(false)
  })
  it('gives a log up that cannot be read, with the reason', async () => {
    const { problems, isWhole } = await read(
      Array.from({ length: 9 }, (): [string, string] => ['', 'not found']),
      ['previous'],
    )
    expect(problems).toHaveLength(4)
    expect(isWhole).toBe(false)
  })
})
