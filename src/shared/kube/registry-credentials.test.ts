import { describe, expect, test } from 'vitest'
import { credentialsFor, parseDockerConfig } from './registry-credentials.ts'

const entry = (username: string) => ({ username, password: 'secret' })
const users = (image: string, ...keys: string[]): string[] =>
  credentialsFor(
    image,
    keys.map((key) => [key, entry(key)] as const),
  ).map(({ username = '' }) => username)

describe('credentials of a registry apply to', () => {
  test.each([
    ['its images', 'registry.example.com/app:1', 'registry.example.com'],
    ['its images, written as an address', 'registry.example.com/app:1', 'https://registry.example.com'],
    ['the port that they name', 'registry.example.com:5000/app', 'registry.example.com:5000'],
    ['Docker Hub by its old name', 'app:1', 'https://index.docker.io/v1/'],
    ['Docker Hub by its name', 'team/app', 'docker.io'],
    ['repositories below the path that they name', 'r.example.com/team/app', 'r.example.com/team'],
    ['hosts of the pattern', 'eu.r.example.com/app', '*.r.example.com'],
    ['hosts of the pattern within a part', 'eu-1.r.example.com/app', 'eu-*.r.example.com'],
  ])('%s', (_what, image, key) => {
    expect(users(image, key)).toEqual([key])
  })

  test.each([
    ['another registry', 'other.example.com/app', 'registry.example.com'],
    ['another port', 'registry.example.com:5001/app', 'registry.example.com:5000'],
    ['another path', 'r.example.com/teams/app', 'r.example.com/team'],
    ['deeper hosts', 'a.eu.r.example.com/app', '*.r.example.com'],
  ])('but not to %s', (_what, image, key) => {
    expect(users(image, key)).toEqual([])
  })

  test('the most specific first', () => {
    expect(users('r.example.com/team/app', 'r.example.com', 'r.example.com/team/app', 'r.example.com/team')).toEqual([
      'r.example.com/team/app',
      'r.example.com/team',
      'r.example.com',
    ])
  })
})

test('a configuration is read in either form, with any way to sign in', () => {
  const auth = Buffer.from('user:pass:word').toString('base64')
  const auths = { 'r.io': { auth }, 'q.io': { identitytoken: 'token' }, 'p.io': { email: 'x' } }
  for (const text of [JSON.stringify({ auths }), JSON.stringify(auths)]) {
    const entries = parseDockerConfig(text)
    expect(credentialsFor('r.io/app', entries)).toEqual([
      { username: 'user', password: 'pass:word', serveraddress: 'r.io' },
    ])
    expect(credentialsFor('q.io/app', entries)).toEqual([{ identitytoken: 'token', serveraddress: 'q.io' }])
    expect(credentialsFor('p.io/app', entries)).toEqual([])
  }
  expect(() => parseDockerConfig('7')).toThrow('not a Docker configuration')
})
