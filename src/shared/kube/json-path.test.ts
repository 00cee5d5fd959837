import { describe, expect, it } from 'vitest'
import { JsonPath } from './json-path.ts'

const object = {
  spec: { ports: [{ port: 80 }, { port: 443 }, { port: 8080 }], 'a.b': 1, labels: { 'app/name': 'web' } },
  status: {
    conditions: [
      { type: 'Ready', status: 'False', tags: ['old'] },
      { type: 'Done', status: 'True', tags: ['new'] },
    ],
  },
}

describe('a JSONPath selects', () => {
  it.each<[string, unknown[]]>([
    ['.spec.ports[0].port', [80]],
    ['.spec.ports[-1].port', [8080]],
    ['.spec.ports[*].port', [80, 443, 8080]],
    ['.status.conditions[-1:].type', ['Done']],
    ['.spec.ports[0:2].port', [80, 443]],
    ['.spec.ports[:1].port', [80]],
    ['.spec.ports[::2].port', [80, 8080]],
    ['.spec.ports[0,2].port', [80, 8080]],
    ["['spec']['a.b']", [1]],
    ["['spec', 'status'].conditions[0].type", ['Ready']],
    ['.spec.a\\.b', [1]],
    ["{$.spec.labels['app/name']}", ['web']],
    ['..port', [80, 443, 8080]],
    ['.status..type', ['Ready', 'Done']],
    ['.status.conditions[?(@.type=="Ready")].status', ['False']],
    ['.status.conditions[?( @.type == "Done" )].status', ['True']],
    [`.status.conditions[?(@['type']=="Done")].status`, ['True']],
    ['.status.conditions[?(@.tags[0]=="new")].type', ['Done']],
    ['.status.conditions[?(@.type!="Ready")].type', ['Done']],
    ['.spec.ports[?(@.port > 100)].port', [443, 8080]],
    ['.spec.none[-1:].x', []],
  ])('%s', (path, values) => {
    expect(new JsonPath(path).all(object)).toEqual(values)
  })

  it.each(['.spec[', '.spec.ports[a]', 'spec', '.spec.ports[?(@.x'])('nothing when it is none: %s', (path) => {
    expect(() => new JsonPath(path)).toThrow('in JSONPath')
  })
})
