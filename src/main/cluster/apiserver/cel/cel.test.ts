import { describe, expect, it } from 'vitest'
import { compile, CompilationError } from './compile.ts'
import { plainLiterals } from './literals.ts'
import { toCel } from './values.ts'

const object = {
  metadata: { name: 'web', labels: { app: 'web' } },
  spec: { replicas: 3, cpu: '500m', ports: [80, 443], cidr: '10.0.0.0/8' },
}
const run = (expression: string): unknown =>
  compile(expression, { object: 'dyn' }).evaluateJson({ object: toCel(object) })

describe('CEL with the libraries of Kubernetes', () => {
  it.each<[string, unknown]>([
    ['object.spec.replicas > 2 && object.metadata.name.startsWith("w")', true],
    ['has(object.metadata.labels) && !has(object.metadata.annotations)', true],
    ['object.spec.ports.all(port, port < 1024)', true],
    ['object.spec.ports.sum()', 523],
    ['object.spec.ports.max()', 443],
    ['[3, 1, 2].isSorted()', false],
    ['["a", "b"].indexOf("b")', 1],
    ['"hé😀x".substring(1, 3) + "😀x".charAt(0) + "😀x".substring(1)', 'é😀😀x'],
    ['"😀x😀".indexOf("x") + "😀x😀".lastIndexOf("😀") + "😀😀".indexOf("😀", 1)', 4],
    ['"😀x".split("")', ['😀', 'x']],
    ['[{"n": 2}, {"n": 1}].sortBy(one, one.n).map(one, one.n)', [1, 2]],
    ['[[1], [[2]]].flatten(2)', [1, 2]],
    ['sets.contains(object.spec.ports, [80])', true],
    ['quantity(object.spec.cpu).isLessThan(quantity("1"))', true],
    ['isQuantity("12x")', false],
    ['quantity("1Gi").add(quantity("1Gi")).compareTo(quantity("2Gi"))', 0],
    ['url("https://host:8443/a?b=c").getHostname()', 'host'],
    ['isURL("no url")', false],
    ['url("/a%20b?x=1&x=2").getHost() + url("/a%20b").getEscapedPath()', '/a%20b'],
    ['url("https://a/?x=1&x=2").getQuery()["x"]', ['1', '2']],
    ['url("https://a") == url("https://a/")', true],
    ['ip("10.0.0.1").isGlobalUnicast() && !ip("224.0.0.1").isGlobalUnicast()', true],
    ['ip("169.254.1.1").isLinkLocalUnicast() && ip("ff02::1").isLinkLocalMulticast()', true],
    ['ip("127.0.0.1").isLoopback() && ip("::").isUnspecified()', true],
    ['ip.isCanonical("2001:db8::1")', true],
    ['ip.isCanonical("2001:DB8:0::1")', false],
    ['string(ip("2001:0db8:0:0:1:0:0:1"))', '2001:db8::1:0:0:1'],
    ['string(ip("0:0:0:0:0:0:0:0"))', '::'],
    ['isIP("::ffff:1.2.3.4") || isIP("fe80::1%eth0")', false],
    ['ip("0:0::1") == ip("::1")', true],
    ['string(cidr("10.1.2.3/8").masked())', '10.0.0.0/8'],
    ['cidr("fd00::/8").containsCIDR("fd12::/16") && !cidr("10.0.0.0/8").containsIP("fd12::1")', true],
    ['cidr("10.1.2.3/8") == cidr("10.1.2.3/8") && cidr("10.1.2.3/8").ip() == ip("10.1.2.3")', true],
    ['isCIDR("10.0.0.0/33") || isCIDR("10.0.0.0")', false],
    ['format.dns1123Label().validate("No!").value().size() > 0', true],
    ['format.dns1123LabelPrefix().validate("web-").hasValue()', false],
    ['format.named("uuid").value().validate("x").value()', ['does not match the UUID format']],
    ['format.named("nope").hasValue()', false],
    ['semver("1.2.3").major() + semver("1.2.3").minor() + semver("1.2.3").patch()', 6],
    ['semver("1.0.0-alpha.2").isLessThan(semver("1.0.0-alpha.10"))', true],
    ['semver("1.0.0-alpha").compareTo(semver("1.0.0"))', -1],
    ['semver("1.0.0+a") == semver("1.0.0+b")', true],
    ['isSemver("v1.2")', false],
    ['isSemver("v1.2", true) && semver("v01.2", true) == semver("1.2.0")', true],
    ['optional.of(1).optMap(x, x + 1).value()', 2],
    ['optional.none().optMap(x, x + 1).hasValue()', false],
    ['object.?spec.?replicas.optMap(n, n * 2).orValue(0)', 6],
    ['optional.of({"a": 1}).optFlatMap(x, x.?a).value()', 1],
    ['optional.ofNonZeroValue("").hasValue() || optional.ofNonZeroValue({}).hasValue()', false],
    ['optional.none().or(optional.of(2)).value()', 2],
    ['object.spec.ports[?7].orValue(1) + object.spec[?"replicas"].orValue(1)', 4],
    ['optional.unwrap([optional.of(1), optional.none()]) + [optional.of(2)].unwrapOpt()', [1, 2]],
    ['[1, 2].first().value() + [1, 2].last().value()', 3],
    ['object.spec.ports.all(i, port, i < 2 && port > 1)', true],
    ['object.metadata.labels.exists(key, value, key == "app" && value == "web")', true],
    ['[1, 0].exists(i, n, 1 / n == 1) && !([0, 1].all(i, n, 1 / n == 2))', true],
    ['object.spec.ports.existsOne(i, port, port == 80) && object.spec.ports.existsOne(port, port == 80)', true],
    ['object.spec.ports.transformList(i, port, port + i)', [80, 444]],
    ['object.spec.ports.transformList(i, port, i > 0, port)', [443]],
    ['object.metadata.labels.transformMap(key, value, key + value)', { app: 'appweb' }],
    ['object.metadata.labels.transformMap(key, value, key != "app", value)', {}],
    ['object.metadata.labels.transformMapEntry(key, value, {value: key})', { web: 'app' }],
    ['[[1, 2], [3]].all(i, list, list.all(j, n, n > i && j < 2))', true],
    ["duration('1s') + timestamp(0) == timestamp(1)", true],
    ['string(timestamp("2020-01-01T00:00:00Z")) + string(duration("90m"))', '2020-01-01T00:00:00Z5400s'],
    ['[duration("1h"), duration("2h")].sum() == duration("3h")', true],
    ['[1.5, 2.5].sum() + double([].sum())', 4],
    ['sets.contains([1, 2.0], [2]) && [[1]].indexOf([1]) == 0', true],
    ['strings.quote("a\\"b\\n")', '"a\\"b\\n"'],
    ['"%e %x %s".format([1200.0, "hi", [1, "a", null, duration("1h")]])', '1.200000e+03 6869 [1, a, null, 3600s]'],
    ['"ÄB".lowerAscii() + "äb".upperAscii()', 'ÄbäB'],
    ['"aab".matches("^a+b$") && b"a" < b"b"', true],
    ['[?object.?spec.?nope, 1, ?optional.of(2)]', [1, 2]],
    ['{?"a": object.?spec.?nope, "b": 1, ?"c": optional.of([?optional.none()])}', { b: 1, c: [] }],
    ['Object{spec: Object.spec{?replicas: optional.of(4), ?paused: optional.none()}}', { spec: { replicas: 4 } }],
    ['1 in [?optional.of(1)] && object.spec.ports[?0].value() == 80', true],
    ['object.spec.ports[0] > 1 ? [80] : [ ?optional.none() ]', [80]],
    ['has([object][0].metadata.name) && !has({"a": object}.a.nope)', true],
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

  it('reports compilation errors with their position', () => {
    expect(() => compile('object.spec.replicas >', { object: 'dyn' })).toThrow(CompilationError)
    expect(() => compile('nobody == 1', { object: 'dyn' })).toThrow(
      "compilation failed: ERROR: <input>:1:1: undeclared reference to 'nobody' (in container '')",
    )
    expect(() => compile('"a".matches("(")', {})).toThrow(
      'compilation failed: ERROR: <input>:1:13: invalid matches argument',
    )
    expect(() => compile('duration("soon")', {})).toThrow('invalid duration argument')
    expect(() => compile('timestamp("2020-01-01")', {})).toThrow('invalid timestamp argument')
    expect(() => compile('"text"', {}, 'bool')).toThrow('must evaluate to bool but got string')
  })

  it('fails when an absent field is read', () => {
    expect(() => run('object.spec.nothing == 1')).toThrow('no such key: nothing')
  })
})

it('represents objects of mutating policies as maps', () => {
  expect(plainLiterals('Object{metadata: Object.metadata{labels: {"a: b": "c"}}, spec: x.Object}')).toBe(
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
