import { Component, type ErrorInfo, type ReactNode } from 'react'
import css from './boundary.module.css'
import shell from './shell.module.css'

interface BoundaryProps {
  /** What failed, as the person knows it: "The Node picture". */
  readonly what: string
  /** A new value tries again. */
  readonly resetKey?: unknown
  readonly children: ReactNode
}

/** An error in one picture leaves the rest of the page alive, and says what can be done. */
export class Boundary extends Component<BoundaryProps, { error: Error | undefined }> {
  override state: { error: Error | undefined } = { error: undefined }

  static getDerivedStateFromError(error: unknown) {
    return { error: error instanceof Error ? error : new Error(String(error)) }
  }
  override componentDidCatch(error: Error, info: ErrorInfo): void {
    console.error(error, info.componentStack)
  }
  override componentDidUpdate(before: BoundaryProps): void {
    if (before.resetKey !== this.props.resetKey && this.state.error) this.setState({ error: undefined })
  }
  override render(): ReactNode {
    const { error } = this.state
    if (!error) return this.props.children
    return (
      <div className={css.broken} role="alert">
        <h2>{this.props.what} cannot be drawn.</h2>
        <p>The cluster runs on. Try again, step back one event, or choose another picture.</p>
        <pre>{error.message}</pre>
        <button className={shell.button} onClick={() => this.setState({ error: undefined })}>
          Try again
        </button>
      </div>
    )
  }
}
