import { duplexPair } from 'node:stream'
import { describe, expect, it } from 'vitest'
import type { Pod } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { stored } from '#test/support/stored.ts'
import { askNode, chooseContainer, nodeOf } from './pod-node.ts'

describe('the container asked for', () => {
  const pod = (containers: string[], more: object = {}, annotations = {}): Stored<Pod> =>
    stored<Pod>({
      metadata: { name: 'web', annotations },
      spec: { containers: containers.map((name) => ({ name })), ...more },
    })

  it('is the named one, the default by annotation, or the only one', () => {
    expect(chooseContainer(pod(['a', 'b']), 'b')).toBe('b')
    expect(chooseContainer(pod(['a', 'b'], {}, { 'kubectl.kubernetes.io/default-container': 'b' }), null)).toBe('b')
    expect(chooseContainer(pod(['a']), null)).toBe('a')
    expect(chooseContainer(pod(['a'], { initContainers: [{ name: 'init' }] }), 'init')).toBe('init')
  })

  it('must be named when there are several, and must exist', () => {
    expect(() => chooseContainer(pod(['a', 'b']), null)).toThrow(
      'a container name must be specified for pod web, choose one of: [a b]',
    )
    expect(() => chooseContainer(pod(['a', 'b'], { initContainers: [{ name: 'init' }] }), null)).toThrow(
      'choose one of: [a b] or one of the init containers: [init]',
    )
    expect(() => chooseContainer(pod(['a']), 'x')).toThrow('container x is not valid for pod web')
  })

  it('cannot be reached before the pod is scheduled', () => {
    expect(() => nodeOf(pod(['a']))).toThrow('pod web does not have a host assigned')
  })
})

describe('a node’s answer', () => {
  const answering = (status: number, words: string) => ({
    request: async () => {
      const [server, stream] = duplexPair()
      server.end(words)
      return { status, headers: {}, stream }
    },
    connect: () => Promise.reject(new Error('unused')),
  })

  it('becomes the error of its status', async () => {
    const waiting = 'container "c" in pod "p" is waiting to start: ContainerCreating'
    await expect(askNode(answering(400, waiting), 'n', { method: 'GET', path: '/' })).rejects.toMatchObject({
      code: 400,
      reason: 'BadRequest',
      message: waiting,
    })
  })

  it('that fails is an error of the backend', async () => {
    const connector = { ...answering(200, ''), request: () => Promise.reject(new Error('no route')) }
    await expect(askNode(connector, 'n', { method: 'GET', path: '/' })).rejects.toMatchObject({
      code: 500,
      message: 'error dialing backend: no route',
    })
  })
})
