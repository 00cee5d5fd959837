import { describe, expect, it } from 'vitest'
import { compile, CompilationError } from './compile.ts'
import { withoutMessages } from './messages.ts'
import { toCel } from './values.ts'

const object = {
  metadata: { name: 'web', labels: { app: 'web' } },
  spec: { replicas: 3, cpu: '500m', ports: [80, 443], cidr: '10.0.0.0/8' },
}
const run = (expression: string): unknown =>
  compile(expression, { object: 'dyn' }).evaluateJson({ object: toCel(object) })

describe('CEL as Kubernetes has it', () => {
  it.each<[string, unknown]>([
    ['object.spec.replicas > 2 && object.metadata.name.startsWith("w")', true],
    ['has(object.metadata.labels) && !has(object.metadata.annotations)', true],
    ['object.spec.ports.all(port, port < 1024)', true],
    ['object.spec.ports.sum()', 523],
    ['object.spec.ports.max()', 443],
    ['[3, 1, 2].isSorted()', false],
    ['["a", "b"].indexOf("b")', 1],
    ['sets.contains(object.spec.ports, [80])', true],
    ['quantity(object.spec.cpu).isLessThan(quantity("1"))', true],
    ['isQuantity("12x")', false],
    ['quantity("1Gi").add(quantity("1Gi")).compareTo(quantity("2Gi"))', 0],
    ['url("https://host:8443/a?b=c").getHostname()', 'host'],
    ['isURL("no url")', false],
    ['cidr(object.spec.cidr).containsIP("10.1.2.3")', true],
    ['isIP("::1") && ip("::1").family() == 6', true],
    ['"abc 123".find("[0-9]+")', '123'],
    ['"replicas: %d of %s".format([object.spec.replicas, object.metadata.name])', 'replicas: 3 of web'],
    ['"a-b-c".replace("-", "_")', 'a_b_c'],
    ['format.dns1123Label().validate("No!").hasValue()', true],
    ['object.?spec.?missing.orValue("none")', 'none'],
    ['object.spec.ports.map(port, port + 1)', [81, 444]],
    ['{"a": object.spec.replicas}', { a: 3 }],
  ])('%s', (expression, value) => {
    expect(run(expression)).toEqual(value)
  })

  it('tells what cannot be compiled, and where', () => {
    expect(() => compile('object.spec.replicas >', { object: 'dyn' })).toThrow(CompilationError)
    expect(() => compile('nobody == 1', { object: 'dyn' })).toThrow(
      "compilation failed: ERROR: <input>:1:1: undeclared reference to 'nobody' (in container '')",
    )
    expect(() => compile('"text"', {}, 'bool')).toThrow('must evaluate to bool, but got string')
  })

  it('an absent field is an error when it is read', () => {
    expect(() => run('object.spec.nothing == 1')).toThrow('no such key: nothing')
  })
})

it('objects of mutating policies are maps', () => {
  expect(withoutMessages('Object{metadata: Object.metadata{labels: {"a: b": "c"}}, spec: x.Object}')).toBe(
    '{"metadata": {"labels": {"a: b": "c"}},"spec": x.Object}',
  )
  expect(
    run('Object{spec: Object.spec{replicas: object.spec.replicas + 1, template: Object.spec.template{}}}'),
  ).toEqual({
    spec: { replicas: 4, template: {} },
  })
  expect(run('[JSONPatch{op: "add", path: "/metadata/labels", value: {"x": "y"}}]')).toEqual([
    { op: 'add', path: '/metadata/labels', value: { x: 'y' } },
  ])
})
