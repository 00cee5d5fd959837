import { expect, test } from 'vitest'
import { readManifests } from './documents.ts'
import { readFieldPath } from './fields.ts'
import { managersOf, ownersByLine, ownersOf } from './owners.ts'

const managed = [
  {
    manager: 'kubectl',
    operation: 'Apply',
    time: '2026-11-01T00:00:00Z',
    fieldsV1: {
      'f:metadata': { 'f:labels': { '.': {}, 'f:app': {} } },
      'f:spec': {
        'f:selector': {},
        'f:template': {
          'f:spec': { 'f:containers': { 'k:{"name":"web"}': { '.': {}, 'f:name': {}, 'f:image': {} } } },
        },
      },
    },
  },
  {
    manager: 'scaler',
    subresource: 'scale',
    time: '2026-11-02T00:00:00Z',
    fieldsV1: { 'f:spec': { 'f:replicas': {} } },
  },
  { manager: 'controller', subresource: 'status', fieldsV1: { 'f:status': { 'f:replicas': {} } } },
]
const text = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels:
    app: web
spec:
  replicas: 2
  selector:
    matchLabels:
      app: web
  template:
    spec:
      containers:
        - name: web
          image: w
          tty: true
`

test('counts what each manager owns, status left out', () => {
  expect(ownersOf(managed).map(({ manager, fields }) => [manager, fields])).toEqual([
    ['kubectl', 4],
    ['scaler', 1],
  ])
})

test('says who owns each line', () => {
  const [manifest] = readManifests(text).manifests
  if (!manifest) throw new Error('unread')
  const lines = ownersByLine(manifest, managed, (offset) => text.slice(0, offset).split('\n').length)
  const byLine = Array.from({ length: 17 }, (_, index) => lines.get(index + 1)?.manager ?? '')
  expect(byLine).toEqual([
    ...['', '', '', '', 'kubectl', 'kubectl', '', 'scaler', 'kubectl', 'kubectl', 'kubectl'],
    ...['kubectl', 'kubectl', 'kubectl', 'kubectl', 'kubectl', ''],
  ])
})

test('knows the managers of a field', () => {
  expect(managersOf(managed, readFieldPath('.spec.template.spec.containers[name="web"].image'))).toEqual(['kubectl'])
  expect(managersOf(managed, readFieldPath('spec.selector.matchLabels.app'))).toEqual(['kubectl'])
  expect(managersOf(managed, readFieldPath('spec.replicas'))).toEqual(['scaler'])
  expect(managersOf(managed, readFieldPath('spec.paused'))).toEqual([])
})
