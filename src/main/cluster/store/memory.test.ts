import { createFakeClock } from '#test/support/fake-clock.ts'
import { createMemoryStore } from './memory.ts'
import { describeStore } from './store.case.ts'

describeStore('memory store', (options) => Promise.resolve(createMemoryStore(options)), createFakeClock)
