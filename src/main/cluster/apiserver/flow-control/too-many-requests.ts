import { PlainFailure } from '../api/plain-failure.ts'

/** 429: a request is refused because others of its priority have all seats and places in queues. Clients try again. */
export class TooManyRequests extends PlainFailure {
  constructor() {
    super(429, 'TooManyRequests', 'Too many requests, please try again later.', 1)
  }
}
