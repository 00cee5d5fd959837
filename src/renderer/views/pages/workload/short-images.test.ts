import { expect, it } from 'vitest'
import { shortImages } from './short-images.ts'

it('keeps what tells revisions apart: name, tag and the beginning of a digest', () => {
  expect(shortImages('registry.example.com:5000/shop/web:2.9.1, redis:7')).toBe('web:2.9.1, redis:7')
  expect(shortImages(`docker.io/library/web@sha256:${'ab'.repeat(32)}`)).toBe('web@sha256:abababab')
})
