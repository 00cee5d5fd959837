// @vitest-environment happy-dom
import { afterEach, expect, test } from 'vitest'
import type { KubeObject } from '#shared/kube/object.ts'
import { mountFace, settle, type Face } from '#test/support/mounted-face.ts'
import TopologyView from './TopologyView.vue'

let face: Face
afterEach(() => face.unmount())

const labels = { app: 'web' }
const meta = (name: string, more: object = {}) => ({ name, namespace: 'shop', uid: name, labels, ...more })
const container = { name: 'c', image: 'i', ports: [{ name: 'http', containerPort: 8080 }] }
const deployment: KubeObject = {
  metadata: meta('web'),
  ...{
    spec: {
      replicas: 8,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [container] } },
    },
  },
  ...{ status: { readyReplicas: 8 } },
}
const pods = Array.from({ length: 8 }, (_, at): KubeObject => ({
  metadata: meta(`web-${at}`, { ownerReferences: [{ kind: 'Deployment', name: 'web', uid: 'web', controller: true }] }),
  ...{ spec: { nodeName: 'development-worker-1', containers: [container] } },
  ...{ status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } },
}))
const service: KubeObject = {
  metadata: meta('front', { uid: 'front' }),
  ...{ spec: { selector: labels, ports: [{ port: 80, targetPort: 'metrics' }] } },
}
const namespaces = [{ metadata: { name: 'shop' } }, { metadata: { name: 'default' } }]
const objects = { 'local:dev': { namespaces, deployments: [deployment], pods, services: [service] } }

const show = async (path: string): Promise<void> => {
  face = await mountFace(TopologyView, path, { objects })
}
/** ELK is loaded with the first map. */
const nodesOnMap = (count: number): Promise<void> =>
  expect.poll(() => document.querySelectorAll('[data-node]').length, { timeout: 20_000 }).toBe(count)
const node = (id: string): HTMLElement => {
  const found = document.querySelector<HTMLElement>(`[data-node="${id}"]`)
  if (!found) throw new Error(`${id} is not on the map`)
  return found
}

test('without a namespace, it is asked for one', async () => {
  await show('/c/local:dev/topology')
  expect(face.text()).toContain('Choose a namespace')
  expect([...document.querySelectorAll('main a')].map(({ textContent }) => textContent)).toEqual(['default', 'shop'])
})

test('a namespace in which nothing runs says so', async () => {
  await show('/c/local:dev/topology/default')
  expect(face.text()).toContain('Nothing runs in default')
})

test('each object is a link that says what it is, where it leads and what is wrong', async () => {
  await show('/c/local:dev/topology/shop')
  await nodesOnMap(4)
  const front = node('Service/front')
  expect(front.getAttribute('href')).toContain('/c/local:dev/services/shop/front')
  expect(front.textContent).toMatch(/^Service front80 → metrics/)
  expect(front.textContent).toMatch(
    /; leads to Deployment web; Port 80 leads to the port named metrics, and no pod has/,
  )
  expect(front.textContent).toContain('No container has the port')
  expect(face.text()).toContain('1 workload, 8 pods')
})

test('one node is reached by Tab, the others by arrow keys; folded pods are a switch', async () => {
  await show('/c/local:dev/topology/shop')
  await nodesOnMap(4)
  node('Service/front').focus()
  await face.key('ArrowRight', {}, node('Service/front'))
  expect(document.activeElement).toBe(node('Deployment/web'))
  expect([...document.querySelectorAll('[data-node][tabindex="0"]')]).toEqual([node('Deployment/web')])
  const folded = node('Pods/Deployment/web')
  expect(folded.getAttribute('aria-expanded')).toBe('false')
  folded.click()
  await nodesOnMap(12)
  expect(node('Pod/web-7').textContent).toBe('Pod web-7; Running on development-worker-1')
})

test('what is wrong is listed in words, and shown on the map', async () => {
  await show('/c/local:dev/topology/shop')
  await nodesOnMap(4)
  await face.press('1 broken')
  const panel = document.querySelector('aside')
  expect(panel?.textContent).toContain('Port 80 leads to the port named metrics, and no pod has one of that name.')
  await face.press('Show on the map')
  await settle()
  expect(document.activeElement).toBe(node('Service/front'))
})

test('a sign that gets the focus is in view', async () => {
  const numbersIn = (text = ''): number[] => [...text.matchAll(/-?[\d.]+/g)].map(([number]) => Number(number))
  await show('/c/local:dev/topology/shop')
  await nodesOnMap(4)
  const sign = document.querySelector<HTMLElement>('[data-sign]')
  const place = (): number[] => {
    const pane = document.querySelector<HTMLElement>('.vue-flow__transformationpane')
    const [left = 0, top = 0, zoom = 0] = numbersIn(pane?.style.transform)
    const [x = 0] = numbersIn(sign?.style.left)
    const [y = 0] = numbersIn(sign?.style.top)
    return [left + x * zoom, top + y * zoom].map(Math.round)
  }
  sign?.click()
  await settle()
  for (let step = 0; step < 8; step++) await face.press('Zoom in')
  expect(Math.max(...place())).toBeLessThan(24)
  await face.press('Close the problems')
  expect(document.activeElement).toBe(sign)
  expect(place()).toEqual([24, 24])
})

test('a name that does not fit is cut in its middle: its end tells it from others', async () => {
  await show('/c/local:dev/topology/shop')
  await nodesOnMap(4)
  const name = node('Node/development-worker-1').querySelector('[title="development-worker-1"]')
  const partsOf = (element: Element | null): string[] =>
    [...(element?.querySelectorAll(':scope > [aria-hidden]') ?? [])].map(({ textContent }) => textContent)
  expect(partsOf(name)).toEqual(['development-', 'worker-1'])
  expect(name?.querySelector('.sr-only')?.textContent).toBe('development-worker-1')
  expect(partsOf(node('Service/front').querySelector('[title="front"]'))).toEqual([])
})

test('where texts are too small to be read, each object still has its name', async () => {
  await show('/c/local:dev/topology/shop')
  await nodesOnMap(4)
  expect(node('Service/front').getAttribute('aria-label')).toBeNull()
  for (let step = 0; step < 8; step++) await face.press('Zoom out')
  expect(document.querySelector('.map-far')).not.toBeNull()
  expect(node('Service/front').getAttribute('aria-label')).toMatch(
    /^Service front 80 → metrics; leads to Deployment web/,
  )
})

test('nothing on the map has a transform of its own, and edges of a look are one path', async () => {
  await show('/c/local:dev/topology/shop')
  await nodesOnMap(4)
  const moved = [...document.querySelectorAll<HTMLElement>('.vue-flow__node, [data-sign]')]
  expect(moved.map(({ style }) => style.transform).filter((transform) => transform !== 'none' && transform)).toEqual([])
  const looks = [...document.querySelectorAll('.map-edges path')].map((path) => path.getAttribute('class'))
  expect(looks).toEqual([...new Set(looks)])
})
