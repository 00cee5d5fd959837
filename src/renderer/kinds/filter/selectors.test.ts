import { expect, it } from 'vitest'
import { deployment } from '../apps/deployment.ts'
import { node } from '../core/node.ts'
import { pod } from '../core/pod.ts'
import type { KindDescriptor } from '../descriptor.ts'
import { parseFilter } from './parse.ts'
import { selectorsOf } from './selectors.ts'

const of = (filter: string, kind: KindDescriptor = pod) =>
  selectorsOf(
    parseFilter(filter, () => true),
    kind,
  )

it('says labels as a label selector', () => {
  expect(of('app=web tier=front,back -env=prod old= -new= -zone=a,b')).toEqual({
    labelSelector: 'app=web,tier in (front,back),env!=prod,old,!new,zone notin (a,b)',
    fieldSelector: '',
    namespaces: [],
    rest: [],
  })
})

it('says namespaces and the node of a pod', () => {
  expect(of('ns:shop,web node:w-1')).toMatchObject({ namespaces: ['shop', 'web'], fieldSelector: 'spec.nodeName=w-1' })
  expect(of('-ns:kube-system,default')).toMatchObject({
    fieldSelector: 'metadata.namespace!=kube-system,metadata.namespace!=default',
  })
  expect(of('ns:a,b ns:b,c').namespaces).toEqual(['b'])
})

it('leaves what no selector can say', () => {
  expect(of('web status:crash age<5m node:a,b "a b"=c').rest).toEqual([
    'web',
    'status:crash',
    'age<5m',
    'node:a,b',
    '"a b"=c',
  ])
  expect(of('node:w-1', deployment).rest).toEqual(['node:w-1'])
  expect(of('ns:shop', node).rest).toEqual(['ns:shop'])
})
