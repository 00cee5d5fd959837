import { expect, test } from 'vitest'
import type { Pod } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { createPodScope } from '#test/support/pod-scope.ts'
import { pullCredentials } from './pull-credentials.ts'

const secret = (name: string, text: string) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name, namespace: 'default' },
  type: 'kubernetes.io/dockerconfigjson',
  data: { '.dockerconfigjson': Buffer.from(text).toString('base64') },
})
const podWith = (...names: string[]): Stored<Pod> => ({
  metadata: { name: 'p', namespace: 'default', uid: 'u', resourceVersion: '1' },
  spec: { containers: [{ name: 'c' }], imagePullSecrets: names.map((name) => ({ name })) },
})

test('the secrets of the pod are read; those that hold nothing are told', async () => {
  const auths = { 'r.io': { username: 'me', password: 'secret' } }
  const objects = [secret('good', JSON.stringify({ auths })), secret('bad', '{')]
  const { scope, events } = createPodScope(podWith('good', 'bad', 'missing'), { objects })
  expect(await pullCredentials(scope, 'r.io/app')).toEqual([
    { auth: { username: 'me', password: 'secret', serveraddress: 'r.io' }, secret: 'default/good/uid-good' },
  ])
  expect(events).toEqual([
    'FailedToRetrieveImagePullSecret: Unable to retrieve some image pull secrets (bad, missing); attempting to pull the image may not succeed.',
  ])
  expect(await pullCredentials(scope, 'other.io/app')).toEqual([])
})
