import type { Transport } from '#shared/client/transport.ts'

const listAccept = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json'
const watchAccept = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json'

/** Asks for lists and watches of metadata alone. */
export const createNamesTransport = (transport: Transport): Transport => ({
  request: (request) => transport.request({ ...request, accept: listAccept }),
  watch: (request, sink) => transport.watch({ ...request, accept: watchAccept }, sink),
})
