import { expect, test } from 'vitest'
import { isOwnPage, mayOpenOutside } from './origin.ts'

test.each([
  ['app://slipway/', true],
  ['app://slipway/c/dev/pods?ns=a', true],
  ['app://slipway.evil/', false],
  ['app://user@slipway/', false],
  ['https://slipway/', false],
  ['file:///etc/passwd', false],
  ['javascript:alert(1)', false],
  ['data:text/html,x', false],
  ['not a url', false],
])('own page: %s is %s', (url, own) => expect(isOwnPage(url)).toBe(own))

test.each([
  ['https://kubernetes.io/docs/', true],
  ['https://docs.docker.com/engine/', true],
  ['https://kubernetes.io.evil.example/', false],
  ['https://evilkubernetes.io/', false],
  ['http://kubernetes.io/', false],
  ['file:///etc/passwd', false],
  ['smb://server/share', false],
  ['https://a:b@kubernetes.io/', false],
])('opens outside: %s is %s', (url, allowed) => expect(mayOpenOutside(url)).toBe(allowed))
