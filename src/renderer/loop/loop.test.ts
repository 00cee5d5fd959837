// @vitest-environment happy-dom
import { afterEach, describe, expect, test } from 'vitest'
import type { StalePod } from '#shared/contract/rebuilds.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import { mountFace, settle, type Face } from '#test/support/mounted-face.ts'
import BuildPanel from '../panels/BuildPanel.vue'
import ObjectView from '../views/ObjectView.vue'
import TakeDialog from './TakeDialog.vue'

let face: Face
afterEach(() => face.unmount())

const labels = { app: 'web' }
const deployment: KubeObject = {
  metadata: { name: 'web', namespace: 'shop', uid: 'd', resourceVersion: '1' },
  spec: {
    replicas: 1,
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { containers: [] } },
  },
} as KubeObject
const service = (note?: string): KubeObject =>
  ({
    metadata: {
      name: 'web',
      namespace: 'shop',
      uid: 's',
      resourceVersion: '1',
      ...(note ? { annotations: { 'slipway.dev/taken': note } } : {}),
    },
    spec: { selector: labels, clusterIP: '10.96.0.9', ports: [{ port: 80, targetPort: 8080 }] },
  }) as KubeObject
const stale: StalePod = {
  namespace: 'shop',
  name: 'web-1',
  uid: 'p',
  workload: { kind: 'Deployment', name: 'web' },
  containers: [{ name: 'web', image: 'shop:dev', runs: 'docker://sha256:1', built: 'sha256:2' }],
}
const objectPage = '/c/local:dev/deployments/shop/web'

describe('a rebuilt image', () => {
  test('is told on the page of the workload, which one click rolls', async () => {
    face = await mountFace(ObjectView, objectPage, {
      objects: { 'local:dev': { deployments: [deployment] } },
      back: { 'rebuilds.watch': [{ pods: [stale] }], 'rebuilds.roll': { images: ['shop:dev'] } },
    })
    await settle()
    expect(face.text()).toContain('1 pod runs an older image: this machine has a newer shop:dev.')
    await face.press(/^Roll web/)
    expect(face.backCalls).toContainEqual([
      'rebuilds.roll',
      { context: 'local:dev', namespace: 'shop', kind: 'Deployment', name: 'web' },
    ])
    await face.press(/^Roll by itself from now on/)
    expect(face.calls['local:dev']).toContainEqual([
      'patch',
      'deployments',
      { namespace: 'shop', name: 'web' },
      { type: 'merge', body: { metadata: { uid: 'd', annotations: { 'slipway.dev/roll-on-rebuild': 'true' } } } },
    ])
  })
})

describe('the traffic of a Service', () => {
  const page = '/c/local:dev/services/shop/web'

  test('is taken to the port that is typed', async () => {
    face = await mountFace(TakeDialog, '/', {
      objects: { 'local:dev': {} },
      back: { 'takeovers.hostPort': { state: 'loopback', holder: 'node (pid 7)' } },
      props: { context: 'local:dev', service: service(), place: 'dev / shop', colour: 'blue' },
    })
    expect(face.text()).toContain('node (pid 7) listens on 127.0.0.1 alone')
    await face.press('Take traffic of web')
    expect(face.backCalls).toContainEqual([
      'takeovers.take',
      { context: 'local:dev', namespace: 'shop', name: 'web', ports: [{ port: '80', hostPort: 8080 }] },
    ])
  })

  test('that is taken is told, and given back by one click', async () => {
    const note = JSON.stringify({ selector: labels, ports: { 80: 3000 }, since: new Date().toISOString() })
    face = await mountFace(ObjectView, page, { objects: { 'local:dev': { services: [service(note)], pods: [] } } })
    await settle()
    expect(face.text()).toContain('80 → 3000')
    expect(face.text()).toContain('The pod that stands in is not ready')
    await face.press(/^Give traffic back/)
    expect(face.backCalls).toContainEqual([
      'takeovers.giveBack',
      { context: 'local:dev', namespace: 'shop', name: 'web' },
    ])
  })
})

test('a folder is looked at, built and run, with its output beside', async () => {
  face = await mountFace(BuildPanel, '/', {
    objects: { 'local:dev': {} },
    props: { target: { context: 'local:dev' }, shown: true },
    back: {
      'builds.look': {
        folder: '/shop',
        dockerfiles: ['Dockerfile'],
        image: 'shop:dev',
        name: 'shop',
        port: 80,
        builder: 'engine',
      },
    },
  })
  const field = document.querySelector<HTMLInputElement>('input.field')
  if (field) field.value = '/shop'
  field?.dispatchEvent(new Event('input'))
  await new Promise((resolve) => setTimeout(resolve, 300))
  await settle()
  document.querySelector('form')?.dispatchEvent(new Event('submit'))
  await settle()
  const run = face.backCalls.find(([name]) => name === 'builds.run')?.[1] as AsyncGenerator
  expect((await run.next()).value).toEqual({
    open: {
      context: 'local:dev',
      folder: '/shop',
      dockerfile: 'Dockerfile',
      image: 'shop:dev',
      deploy: { create: { namespace: 'default', name: 'shop', replicas: 1, port: 80 } },
    },
  })
})
