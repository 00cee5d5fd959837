import { flushPromises, mount, type VueWrapper } from '@vue/test-utils'
import { createPinia, setActivePinia, type Pinia } from 'pinia'
import { h, shallowRef, type Component } from 'vue'
import { createRouter, createWebHashHistory, RouterView, type Router } from 'vue-router'
import { provideApi, type Api, type ClusterApi } from '#renderer/api/index.ts'
import type { Connection, Link } from '#renderer/api/carrier.ts'
import { routes } from '#renderer/router.ts'
import type { Client } from '#shared/client/client.ts'
import { defaultSettings } from '#shared/contract/default-settings.ts'
import type { Cluster } from '#shared/contract/clusters.ts'
import type { ContextInfo } from '#shared/contract/kube.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import type { Resource } from '#shared/kube/resources.ts'

/** What was asked of a cluster, in order: verb, plural or path, and the rest. */
export type Call = [verb: string, plural: string, ...rest: unknown[]]

export interface Face {
  wrapper: VueWrapper
  router: Router
  pinia: Pinia
  /** By context. */
  calls: Record<string, Call[]>
  /** Calls of the back, as `app.saveDraft`, with their input. */
  backCalls: [name: string, input: unknown][]
  /** Text of the page, dialogs included. */
  text(): string
  button(name: string | RegExp): HTMLButtonElement
  press(name: string | RegExp): Promise<void>
  key(key: string, more?: KeyboardEventInit, target?: Element): Promise<void>
  unmount(): void
}

export interface FaceOptions {
  /** By context, then by plural. */
  objects?: Record<string, Record<string, KubeObject[]>>
  clusters?: Cluster[]
  /** What calls of a cluster's client throw or return, by verb; a function is asked for each. `request`: those of its transport. */
  answers?: Record<string, unknown>
  /** Answers of the back, by `topic.procedure`; a function is asked for each. */
  back?: Record<string, unknown>
  props?: Record<string, unknown>
  /** Contexts whose workers are simulated. */
  simulated?: string[]
}

/**
 * Mounts a component of the face as the app does, with a router, stores and a fake back whose clusters hold what the
 * test says. @param path route at which a view is shown
 */
export async function mountFace(component: Component, path: string, options: FaceOptions = {}): Promise<Face> {
  const { objects = {}, clusters = [], answers = {}, back = {}, props = {}, simulated = [] } = options
  document.body.innerHTML = ''
  const calls: Face['calls'] = {}
  const backCalls: Face['backCalls'] = []
  const contexts = Object.keys(objects).map((id): ContextInfo => {
    const [kind, name = id] = id.split(':')
    return {
      id,
      name,
      kind: kind === 'kubeconfig' ? 'kubeconfig' : 'local',
      server: '',
      simulated: simulated.includes(id),
    }
  })
  const known = new Map<string, ClusterApi>()
  const api: Api = {
    back: fakeBack(backCalls, {
      'contexts.watch': [{ contexts, problems: [] }],
      'clusters.watch': [{ clusters }],
      ...back,
    }),
    connection: shallowRef<Connection>('up'),
    link: shallowRef<Link>({ connection: 'up', answeredAt: 0 }),
    retry: () => undefined,
    cluster(id) {
      const found = known.get(id) ?? fakeCluster((calls[id] ??= []), objects[id] ?? {}, answers)
      known.set(id, found)
      return found
    },
    forget: () => undefined,
  }
  const pinia = createPinia()
  setActivePinia(pinia)
  const shown = { render: () => h(component, props) }
  const router = createRouter({
    history: createWebHashHistory(),
    routes: routes.flatMap((route) =>
      route.name === undefined ? [] : [{ path: route.path, name: route.name, component: shown }],
    ),
  })
  await router.push(path)
  const wrapper = mount(RouterView, {
    attachTo: document.body,
    global: { plugins: [pinia, router, { install: (app) => provideApi(app, api) }] },
  })
  await settle()

  const button = (name: string | RegExp): HTMLButtonElement => {
    const all = [...document.querySelectorAll('button')]
    const named = (element: Element): string =>
      element.getAttribute('aria-label') ?? element.textContent.replace(/\s+/g, ' ').trim()
    const found = all.find((each) => (typeof name === 'string' ? named(each) === name : name.test(named(each))))
    if (!found) throw new Error(`no button ${String(name)} among ${all.map(named).join(', ')}`)
    return found
  }
  return {
    wrapper,
    router,
    pinia,
    calls,
    backCalls,
    text: () => document.body.textContent.replace(/\s+/g, ' '),
    button,
    async press(name) {
      button(name).click()
      await settle()
    },
    async key(key, more = {}, target = document.body) {
      target.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more }))
      await settle()
    },
    unmount: () => wrapper.unmount(),
  }
}

/** Lets promises, frames and what they lead to happen. */
export async function settle(): Promise<void> {
  for (let round = 0; round < 3; round++) {
    await flushPromises()
    await new Promise((resolve) => setTimeout(resolve, 0))
  }
}

function fakeBack(calls: Face['backCalls'], answers: Record<string, unknown>): Api['back'] {
  const settings = { ...defaultSettings, theme: 'light' }
  const defaults: Record<string, unknown> = {
    'app.settings': settings,
    'app.saveSettings': settings,
    'app.drafts': [],
    'app.samples': [],
    'care.disk': { workers: [], volumesBytes: 0, folderBytes: 0, snapshotsBytes: 0, freeBytes: 1e11 },
    'clusters.engine': { state: 'ready' },
    'metrics.usage': { unavailable: 'not measured here' },
    'kube.request': { status: 503, body: '{}', warnings: [] },
    'forwards.watch': [{ forwards: [] }],
    'rebuilds.watch': [{ pods: [] }],
    'yours.watch': [{ file: '/data/yours.yaml', inForce: {}, problems: [] }],
    'takeovers.hostPort': { state: 'unknown' },
  }
  const procedure = (name: string) => (input: unknown) => {
    calls.push([name, input])
    if (name === 'app.saveSettings') Object.assign(settings, input)
    const given = answers[name] ?? defaults[name]
    const answer: unknown = typeof given === 'function' ? given(input) : given
    if (answer instanceof Error) return Promise.reject(answer)
    return Promise.resolve(Array.isArray(answer) && /watch$/.test(name) ? stream(answer) : answer)
  }
  const topic = (name: string): unknown =>
    new Proxy({}, { get: (_, part) => (typeof part === 'string' ? procedure(`${name}.${part}`) : undefined) })
  return {
    app: topic('app'),
    clusters: topic('clusters'),
    contexts: topic('contexts'),
    kube: topic('kube'),
    metrics: topic('metrics'),
    forwards: topic('forwards'),
    history: topic('history'),
    builds: topic('builds'),
    rebuilds: topic('rebuilds'),
    takeovers: topic('takeovers'),
    care: topic('care'),
    helm: topic('helm'),
    yours: topic('yours'),
  } as Api['back']
}

/** Sends its messages, and stays open. */
async function* stream(messages: unknown[]): AsyncGenerator {
  yield* messages
  await new Promise(() => undefined)
}

function fakeCluster(
  calls: Call[],
  objects: Record<string, KubeObject[]>,
  answers: Record<string, unknown>,
): ClusterApi {
  const answer = async (verb: string, resource: Resource, rest: unknown[], otherwise: unknown): Promise<unknown> => {
    calls.push([verb, resource.plural, ...rest])
    const given = answers[`${verb} ${resource.plural}`] ?? answers[verb]
    if (given instanceof Error) throw given
    return (typeof given === 'function' ? await given(...rest) : given) ?? otherwise
  }
  const isRefused = ({ plural }: Resource): boolean => (answers[`list ${plural}`] ?? answers['list']) instanceof Error
  const held = ({ plural }: Resource): KubeObject[] => objects[plural] ?? []
  const find = (
    resource: Resource,
    { namespace, name }: { namespace?: string; name: string },
  ): KubeObject | undefined =>
    held(resource).find(({ metadata }) => metadata.name === name && metadata.namespace === namespace)
  const client = {
    transport: {
      request: async (sent: unknown) =>
        (typeof answers.request === 'function' ? await answers.request(sent) : {}) as unknown,
      watch: () => () => undefined,
    },
    list: (resource: Resource, ...rest: unknown[]) =>
      answer('list', resource, rest, { metadata: {}, items: held(resource) }),
    get: (resource: Resource, ref: { name: string }, ...rest: unknown[]) =>
      answer('get', resource, [ref, ...rest], find(resource, ref)),
    create: (resource: Resource, ...rest: unknown[]) => answer('create', resource, rest, {}),
    patch: (resource: Resource, ...rest: unknown[]) => answer('patch', resource, rest, {}),
    update: (resource: Resource, ...rest: unknown[]) => answer('update', resource, rest, {}),
    delete: (resource: Resource, ...rest: unknown[]) => answer('delete', resource, rest, {}),
    post: (resource: Resource, ...rest: unknown[]) => answer('post', resource, rest, {}),
    watch: () => () => undefined,
  }
  const informers = {
    // What may not be listed never comes.
    share: (resource: Resource) => ({
      hasSynced: !isRefused(resource),
      synced: isRefused(resource) ? new Promise(() => undefined) : Promise.resolve(),
      list: () => (isRefused(resource) ? [] : held(resource)),
      onChange: () => undefined,
      stop: () => undefined,
    }),
    stop: () => undefined,
  }
  const lists = { client: client as unknown as Client, informers: informers as unknown as ClusterApi['informers'] }
  return { ...lists, tables: lists, names: lists }
}
