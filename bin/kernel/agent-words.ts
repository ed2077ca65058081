/** What the harness and its agents say to each other, in lines of JSON. */
export type AgentCommand =
  | { do: 'listen'; id: number; name: string; tcp: readonly number[]; udp: readonly number[] }
  | { do: 'connect'; id: number; proto: 'tcp' | 'udp'; dst: string; port: number; timeoutMs: number }

export type AgentAnswer = {
  id: number
  /** `answer`, `refused`, `timeout`, `unreachable`, `reset`, `ready`, or an errno. */
  verdict: string
  backend?: string
  peer?: string
  sport?: number
}

/** A request has this length, so that the tracing rule can tell it from an answer. */
export const UDP_REQUEST_BYTES = 100
