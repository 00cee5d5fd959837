// @vitest-environment happy-dom
import { afterEach, describe, expect, test, vi } from 'vitest'
import { defineComponent, h, ref, type Component } from 'vue'
import { failure } from '#shared/kube/status.ts'
import { mountFace, settle, type Face, type FaceOptions } from '#test/support/mounted-face.ts'
import ConfirmDialog from './components/ConfirmDialog.vue'
import CreateClusterDialog from './components/CreateClusterDialog.vue'
import DrainDialog from './components/DrainDialog.vue'
import RollBackDialog from './components/RollBackDialog.vue'
import ScaleDialog from './components/ScaleDialog.vue'
import ForwardForm from './forwards/ForwardForm.vue'
import TakeDialog from './loop/TakeDialog.vue'
import DebugForm from './panels/terminal/DebugForm.vue'
import { useNotices } from './stores/notices.ts'
import DiagnosticsCard from './views/care/DiagnosticsCard.vue'
import MirrorDialog from './views/care/MirrorDialog.vue'
import NameDialog from './views/care/NameDialog.vue'
import RotateDialog from './views/care/RotateDialog.vue'
import KustomizeDialog from './views/helm/KustomizeDialog.vue'
import RepositoryDialog from './views/helm/RepositoryDialog.vue'
import AddKubeconfig from './views/home/AddKubeconfig.vue'
import FirstRun from './views/home/FirstRun.vue'
import BulkDialog from './views/list/BulkDialog.vue'
import MissingContext from './views/shell/MissingContext.vue'
import QuitDialog from './views/shell/QuitDialog.vue'
import RestoreCard from './views/time-machine/RestoreCard.vue'

/**
 * Bad input loses nothing: every dialog and form that sends something, at a server that refuses. A component that calls useSubmit
 * and is not here fails the first test; one that sends without useSubmit is to use it.
 */
interface Case {
  component: Component
  /** @param act what the server is asked, and answers */
  props?(act: () => Promise<unknown>): Record<string, unknown>
  options?(act: () => Promise<unknown>): FaceOptions
  /** What is typed, in the order of the fields. */
  typed?: string[]
  /** The button that sends it. */
  press: RegExp
}

const place = { place: 'dev / shop', colour: 'blue' as const, kubectl: () => 'kubectl' }
const web = { metadata: { name: 'web', namespace: 'shop', uid: '1' } }
const service = { metadata: { name: 'web', namespace: 'shop', uid: '1' }, spec: { ports: [{ port: 80 }] } }
const deployments = { group: 'apps', version: 'v1', plural: 'deployments', kind: 'Deployment', namespaced: true }
const at = (procedure: string) => (act: () => Promise<unknown>) => ({ back: { [procedure]: act } })

const cases: Record<string, Case> = {
  AddKubeconfig: {
    component: AddKubeconfig,
    props: () => ({ added: () => undefined }),
    options: at('contexts.add'),
    typed: ['~/lab.yaml'],
    press: /^Add/,
  },
  BulkDialog: {
    component: BulkDialog,
    props: (act) => ({ ...bulk, act, ready: true, kubectl: 'kubectl', typed: 'web' }),
    typed: ['web'],
    press: /^Delete web/,
  },
  ConfirmDialog: {
    component: ConfirmDialog,
    props: (act) => ({ title: 'Delete web?', text: '', verb: 'Delete web', typed: 'web', act }),
    typed: ['web'],
    press: /^Delete web/,
  },
  CreateClusterDialog: {
    component: CreateClusterDialog,
    props: (create) => ({ taken: [], create, requireIpv6: () => Promise.resolve() }),
    typed: ['lab', '2'],
    press: /^Create/,
  },
  DebugForm: {
    component: DebugForm,
    props: () => ({
      target: { context: 'local:dev', apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name: 'web', uid: '1' },
      ...{ containers: ['c'], first: 'c', alone: true },
    }),
    options: (act) => ({ answers: { 'patch pods': act } }),
    press: /^Add/,
  },
  DiagnosticsCard: {
    component: DiagnosticsCard,
    props: () => ({ cluster: { name: 'dev', workers: [] } }),
    options: at('care.diagnostics'),
    press: /^Make/,
  },
  DrainDialog: {
    component: DrainDialog,
    props: (drain) => ({ ...place, name: 'worker-1', load: () => Promise.resolve([]), drain }),
    press: /^Drain/,
  },
  FirstRun: { component: FirstRun, options: at('clusters.create'), press: /^Create a/ },
  ForwardForm: {
    component: ForwardForm,
    props: () => ({ context: 'local:dev', first: { kind: 'Service', object: service } }),
    options: (act) => ({ back: { 'forwards.start': act, 'forwards.port': { free: true } } }),
    press: /^Forward/,
  },
  KustomizeDialog: {
    component: KustomizeDialog,
    props: () => ({ context: 'local:dev' }),
    options: at('helm.kustomize'),
    typed: ['/work/overlay'],
    press: /^Build/,
  },
  MirrorDialog: {
    component: MirrorDialog,
    props: () => ({ cluster: 'dev' }),
    options: at('care.setMirrors'),
    typed: ['ghcr.io', 'https://mirror.example.com/ghcr'],
    press: /^Use mirrors/,
  },
  MissingContext: {
    component: MissingContext,
    props: () => ({ context: 'local:dev' }),
    options: (act) => ({
      back: { 'clusters.start': act },
      clusters: [
        {
          name: 'dev',
          state: 'stopped',
          simulated: false,
          version: '',
          workers: [],
          spec: { name: 'dev', workers: 0 },
        },
      ],
    }),
    press: /^Start/,
  },
  NameDialog: {
    component: NameDialog,
    props: (act) => ({ title: 'Take a snapshot', text: '', field: 'Name', verb: 'Take it', act }),
    typed: ['before'],
    press: /^Take it/,
  },
  QuitDialog: { component: QuitDialog, options: at('app.quit'), press: /^Stop/ },
  RepositoryDialog: {
    component: RepositoryDialog,
    props: () => ({ added: () => undefined }),
    options: at('helm.addRepository'),
    typed: ['shop', 'https://charts.example.com', 'jane', 'secret'],
    press: /^Add/,
  },
  RestoreCard: {
    component: RestoreCard,
    props: () => ({ context: 'local:dev', resource: deployments, object: web, time: 0, place: 'dev / shop' }),
    // The dry run before it is taken.
    options: (act) => ({
      answers: {
        'get deployments': web,
        'update deployments': (_: unknown, { dryRun }: { dryRun: boolean }) => (dryRun ? {} : act()),
      },
    }),
    press: /^Restore/,
  },
  RollBackDialog: {
    component: RollBackDialog,
    props: (rollBack) => ({
      ...{ ...place, name: 'web', current: '', rollBack },
      revisions: [{ revision: 2, images: '', createdAt: '', changeCause: '', template: '' }],
    }),
    press: /^Roll back/,
  },
  RotateDialog: {
    component: RotateDialog,
    props: () => ({ cluster: 'dev' }),
    options: at('care.rotateCertificates'),
    press: /^Rotate/,
  },
  ScaleDialog: {
    component: ScaleDialog,
    props: (scale) => ({ ...place, name: 'web', replicas: 1, scale }),
    typed: ['5'],
    press: /^Scale/,
  },
  TakeDialog: {
    component: TakeDialog,
    props: () => ({ ...place, context: 'local:dev', service }),
    options: at('takeovers.take'),
    typed: ['3000'],
    press: /^Take/,
  },
}
const bulk = {
  ...{ title: 'Delete 1 Deployment?', place: 'dev / shop', context: 'local:dev', verb: 'Delete web' },
  ...{ objects: [web], count: '1 Deployment', done: 'Deleted' },
}
/** With editors, in tests of their own. */
const elsewhere = ['YoursView', 'PlanView']

/** Forms whose fields write a text, a setting or a search; BuildPanel has the steps of a build. */
const local = ['BuildPanel', 'ChartsCard', 'ColumnsPanel', 'FormPane', 'LogToolbar', 'ValuesForm', 'ViewTabs']

const sources = import.meta.glob<string>('./**/*.vue', { query: '?raw', import: 'default', eager: true })
const withSource = (wanted: RegExp): string[] =>
  Object.entries(sources)
    .filter(([, source]) => wanted.test(source))
    .map(([path]) => path.replace(/^.*\/|\.vue$/g, ''))
    .toSorted()

test('every component that submits is tried', () => {
  expect(withSource(/\buseSubmit\(/)).toEqual([...Object.keys(cases), ...elsewhere].toSorted())
})

test('every form submits by useSubmit', () => {
  const submitting = withSource(/\buseSubmit\(/)
  expect(withSource(/<form\b/).filter((name) => !submitting.includes(name))).toEqual(local)
})

let face: Face | undefined
afterEach(() => face?.unmount())
const reason = 'deployments.apps "web" is forbidden: the shop is frozen until Monday'
const refusal = failure(403, 'Forbidden', reason)

describe.each(Object.entries(cases))('%s', (_, { component, props, options, typed = [], press }) => {
  const isOpen = ref(true)
  let asked: PromiseWithResolvers<unknown>[]
  const fields = (): HTMLInputElement[] => [
    ...document.querySelectorAll<HTMLInputElement>('input:not([type=checkbox], [type=radio]), textarea'),
  ]
  const values = (): string[] => fields().map(({ value }) => value)
  const shown = (): Face => {
    if (!face) throw new Error('nothing is shown')
    return face
  }
  const button = (): HTMLButtonElement =>
    [...document.querySelectorAll('button')].find((each) => each === sender) ?? shown().button(press)
  let sender: HTMLButtonElement
  const alerts = (): string => [...document.querySelectorAll('[role=alert]')].map((each) => each.textContent).join('\n')

  async function send(): Promise<void> {
    isOpen.value = true
    asked = []
    const act = (): Promise<unknown> => {
      const one = Promise.withResolvers<unknown>()
      asked.push(one)
      return one.promise
    }
    const close = (): void => void (isOpen.value = false)
    const given = { ...props?.(act), onClose: close, onDone: close }
    const host = defineComponent(() => () => (isOpen.value ? h(component, given) : null))
    face = await mountFace(host, '/', { objects: { 'local:dev': {} }, ...options?.(act) })
    for (const [index, value] of typed.entries()) {
      const field = fields()[index]
      if (!field) throw new Error(`no field for ${value}`)
      field.value = value
      field.dispatchEvent(new Event('input', { bubbles: true }))
      field.dispatchEvent(new Event('change', { bubbles: true }))
    }
    await settle()
    sender = shown().button(press)
    sender.focus()
    sender.click()
    await settle()
  }
  async function refuse(): Promise<void> {
    asked.at(-1)?.reject(refusal)
    await settle()
  }

  test('is sent once, and its button keeps the focus while it waits', async () => {
    await send()
    expect(asked).toHaveLength(1)
    button().click()
    document.querySelector('form')?.requestSubmit()
    await settle()
    expect(asked).toHaveLength(1)
    expect(document.activeElement).toBe(sender)
    expect(sender.disabled).toBe(false)
    expect(sender.getAttribute('aria-disabled')).toBe('true')
  })

  test('stays with what was typed and the reason, and can be sent again', async () => {
    await send()
    const before = values()
    await refuse()
    expect(isOpen.value).toBe(true)
    expect(document.body.textContent).toContain(reason)
    expect(alerts()).not.toBe('')
    expect(useNotices(shown().pinia).notices).toEqual([])
    expect(values()).toEqual(before)
    expect(before.slice(0, typed.length)).toEqual(typed)
    expect(document.activeElement).toBe(sender)
    sender.click()
    await settle()
    expect(asked).toHaveLength(2)
  })

  test('tells the reason by a notice where it was left before the answer', async () => {
    await send()
    isOpen.value = false
    await settle()
    await refuse()
    expect(
      useNotices(shown().pinia)
        .notices.map(({ text }) => text)
        .join(),
    ).toContain(reason)
  })

  test('is mounted for as long as it is open', async () => {
    await send()
    expect(Object.keys((component as { props?: object }).props ?? {})).not.toContain('open')
  })
})

test('a name that cannot be is told beside its field, in the words of the window, and is not sent', async () => {
  const act = vi.fn(() => Promise.resolve())
  const check = (name: string): string | undefined => (name === 'No good' ? 'Kleinbuchstaben' : undefined)
  const dialog = { title: 'Klon', text: '', field: 'Name', verb: 'Klonen', initial: 'dev-2', check, act }
  face = await mountFace({ render: () => h(NameDialog, dialog) }, '/')
  const field = document.querySelector<HTMLInputElement>('input')
  if (!field) throw new Error('there is no field')
  field.value = 'No good'
  field.dispatchEvent(new Event('input', { bubbles: true }))
  await settle()
  await face.press('Klonen')
  expect(act).not.toHaveBeenCalled()
  expect(document.getElementById(field.getAttribute('aria-describedby') ?? '')?.textContent).toBe('Kleinbuchstaben')
})

test('no control is disabled while what it belongs to is busy: it would lose the focus', () => {
  expect(withSource(/ :disabled="(busy|saving|starting|running)"/)).toEqual([])
})

test('no field that is taken when it is left loses what is typed when its page is drawn anew', () => {
  const tags = (of: string): string[] => of.match(/<(input|textarea)\b(?:[^>"]|"[^"]*")*>/g) ?? []
  const isLossy = (tag: string): boolean =>
    / :value="/.test(tag) && / @change="/.test(tag) && !/type="(checkbox|radio|file|range)"/.test(tag)
  const lossy = Object.entries(sources).filter(([, source]) => tags(source).some(isLossy))
  expect(lossy.map(([path]) => path)).toEqual([])
})
