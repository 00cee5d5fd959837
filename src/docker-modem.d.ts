declare module 'docker-modem/lib/http.js' {
  /** The clients that docker-modem makes its requests with, by protocol. */
  const clients: Record<'http' | 'https', object>
  export default clients
}
