import { describe } from 'vitest'
import { goldenTests } from '#test/support/golden.ts'
import { startReplicaSets } from './replicaset.ts'

describe('a ReplicaSet', () => {
  goldenTests(`${import.meta.dirname}/testdata/replicaset`, startReplicaSets)
})
