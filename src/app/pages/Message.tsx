import type { ReactNode } from 'react'
import { TopBar } from '../layout/TopBar.tsx'
import css from './pages.module.css'

/** A page that says one thing and shows the way on. */
export function Message({ title, says, children }: { title: string; says: string; children?: ReactNode }) {
  return (
    <div className={css.page}>
      <TopBar />
      <main className={css.message} id="main" tabIndex={-1}>
        <h1>{title}</h1>
        <p>{says}</p>
        <p className={css.ways}>{children}</p>
      </main>
    </div>
  )
}
