import { setFlagsFromString } from 'node:v8'

/**
 * Makes V8 collect garbage once the heap is half as large again as what was alive, where it else waits for twice and more: each
 * worker has an agent, and a collection takes it some 30 ms. Its young generation is set in resources/worker/entrypoint.sh.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--heap-growing-percent=50')
}
