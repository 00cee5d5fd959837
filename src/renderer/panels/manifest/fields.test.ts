import { expect, test } from 'vitest'
import { readManifests } from './documents.ts'
import { fieldAt, locate, readFieldPath, valueAt, writeFieldPath } from './fields.ts'

const text = `# an app
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app.kubernetes.io/name: web}}
spec:
  template:
    spec:
      containers:
        - name: log
          image: l
        - name: web # the one
          image: w
          ports:
            - containerPort: 80
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {ports: [{port: 80}, {port: 0}]}
`
const [web, service] = readManifests(text).manifests
const placeOf = (index: 0 | 1, field: string): [string, number, boolean] => {
  const manifest = [web, service][index]
  if (!manifest) throw new Error('no manifest')
  const { span, found } = locate(manifest.document, readFieldPath(field))
  return [text.slice(span.from, span.to), text.slice(0, span.from).split('\n').length, found]
}

test.each([
  [0, 'spec.template.spec.containers[1].image', 'w', 12],
  [0, '.spec.template.spec.containers[name="web"].image', 'w', 12],
  [0, 'spec.template.spec.containers[1].ports', 'ports', 13],
  [0, 'spec.template.spec.containers[1].ports[containerPort=80,protocol="TCP"].containerPort', '80', 14],
  [0, 'metadata.labels[app.kubernetes.io/name]', 'web', 4],
  [1, 'spec.ports[1].port', '0', 19],
] as const)('finds the field of cause %s %s', (index, field, marked, line) => {
  expect(placeOf(index, field)).toEqual([marked, line, true])
})

test('a field that the text lacks is at its nearest ancestor', () => {
  expect(placeOf(0, 'spec.selector')).toEqual(['spec', 5, false])
  expect(placeOf(0, 'spec.template.spec.containers[0].resources.limits')).toEqual(['n', 9, false])
})

test('reads and writes paths, and the values at them', () => {
  expect(writeFieldPath(readFieldPath('.metadata.finalizers["a.b/c"]'))).toBe('metadata.finalizers["a.b/c"]')
  expect(writeFieldPath(readFieldPath('.spec.containers[name="web"].image'))).toBe('spec.containers[web].image')
  expect(valueAt(web?.object, readFieldPath('spec.template.spec.containers[name="log"].image'))).toBe('l')
})

test('knows the field at an offset', () => {
  const at = (needle: string) => web && fieldAt(web.document, text.indexOf(needle) + 1)
  expect(at('image: w')).toMatchObject({ path: ['spec', 'template', 'spec', 'containers', 1, 'image'], isKey: true })
  expect(at('app.kubernetes')?.path).toEqual(['metadata', 'labels', 'app.kubernetes.io/name'])
})
