import { ApiError, failure } from '#shared/kube/status.ts'

/** A failure that Kubernetes answers over HTTP with a line of plain text instead of a Status. */
export class PlainFailure extends ApiError {
  constructor(code: number, reason: string, text: string, retryAfterSeconds?: number) {
    super(failure(code, reason, text, retryAfterSeconds === undefined ? undefined : { retryAfterSeconds }).status)
  }
}
