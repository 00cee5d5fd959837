import { describe, expect, it } from 'vitest'
import { compileDeviceSelector, type DeviceFacts } from './device-selector.ts'

const gpu: DeviceFacts = {
  driver: 'gpu.example.com',
  allowMultipleAllocations: true,
  attributes: {
    model: { string: 'a100' },
    'gpu.example.com/index': { int: 3 },
    'other.example.com/healthy': { bool: true },
    firmware: { version: '1.10.0' },
  },
  capacity: { memory: { value: '40Gi' } },
}

describe('a CEL selector of devices', () => {
  it.each([
    ['device.driver == "gpu.example.com"', true],
    ['device.attributes["gpu.example.com"].model == "a100"', true],
    ['device.attributes["gpu.example.com"].index >= 4', false],
    ['device.attributes["other.example.com"].healthy', true],
    ['"model" in device.attributes["gpu.example.com"]', true],
    ['"nobody.example.com" in device.attributes', false],
    ['has(device.attributes["nobody.example.com"].x)', false],
    ['device.attributes["gpu.example.com"].?model.orValue("") == "a100"', true],
    ['device.attributes["gpu.example.com"].firmware.isGreaterThan(semver("1.9.0"))', true],
    ['device.capacity["gpu.example.com"].memory.compareTo(quantity("40Gi")) >= 0', true],
    ['device.capacity["gpu.example.com"].memory.isLessThan(quantity("1Gi"))', false],
    ['device.allowMultipleAllocations', true],
    ['cel.bind(dra, device.attributes["gpu.example.com"], dra.index == 3 && dra.model == "a100")', true],
  ])('%s is %s', (expression, matches) => {
    expect(compileDeviceSelector(expression)(gpu)).toBe(matches)
  })

  it.each([
    ['device.driver', /must evaluate to bool or the unknown type, not string/],
    ['device.name == "x"', /compilation failed: .*undefined field 'name'/s],
    ['nothing == 1', /undeclared reference to 'nothing'/],
    ['device.driver ==', /compilation failed: .*Syntax error/s],
  ])('does not compile %s', (expression, problem) => {
    expect(() => compileDeviceSelector(expression)).toThrow(problem)
  })

  it('fails on a device that lacks the attribute, with a hint', () => {
    const selector = compileDeviceSelector('device.attributes["gpu.example.com"].missing == "x"')
    expect(() => selector(gpu)).toThrow('no such key: missing. Consider using CEL optional chaining')
  })
})
