import { useEffect, useState } from 'react'
import { Fragment, jsx, jsxs } from 'react/jsx-runtime'
import type { Root } from 'hast'
import { toJsxRuntime } from 'hast-util-to-jsx-runtime'
import css from './player.module.css'

/** Sanitised Markdown as elements, or a still diagram. No HTML string ever reaches the page. */
export function Prose({ hast, diagram }: { readonly hast?: Root; readonly diagram?: string }) {
  if (diagram !== undefined) return <Diagram text={diagram} />
  if (!hast) return null
  return (
    <div className={css.prose}>
      {toJsxRuntime(hast, {
        Fragment,
        jsx,
        jsxs,
        components: {
          // What leads away opens apart from the lab, so that a running cluster is not lost by a click.
          a: ({ href, children }) =>
            href?.startsWith('#') ? (
              <a href={href}>{children}</a>
            ) : (
              <a href={href} target="_blank" rel="noreferrer noopener">
                {children}
              </a>
            ),
          table: ({ children }) => (
            <div className={css.table} role="region" aria-label="Table" tabIndex={0}>
              <table>{children}</table>
            </div>
          ),
        },
      })}
    </div>
  )
}

function Diagram({ text }: { readonly text: string }) {
  const [picture, setPicture] = useState<string>()
  useEffect(() => {
    let gone = false
    let made: string | undefined
    void import('./diagram.ts')
      .then(({ drawDiagram }) => drawDiagram(text))
      .then((svg) => {
        if (gone) return
        made = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }))
        setPicture(made)
      })
      .catch(() => undefined)
    return () => {
      gone = true
      if (made) URL.revokeObjectURL(made)
    }
  }, [text])
  // As an image the picture can hold no script, whatever the text was.
  return picture ? <img className={css.diagram} src={picture} alt={text} /> : <pre className={css.diagram}>{text}</pre>
}
