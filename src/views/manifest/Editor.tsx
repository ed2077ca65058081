import { useEffect, useRef, useState } from 'react'
import type { editor } from 'monaco-editor'
import type { ManifestProblem } from '../../lab/protocol.ts'
import type { Monaco } from './monaco.ts'
import css from './manifest.module.css'

interface EditorProps {
  readonly text: string
  readonly file: string
  readonly problems: readonly ManifestProblem[]
  readonly onText: (text: string) => void
  readonly onApply: () => void
  /** Two texts to compare instead of one to edit. */
  readonly difference?: { readonly before: string; readonly after: string } | undefined
}

const OPTIONS: editor.IEditorOptions & editor.IGlobalEditorOptions = {
  automaticLayout: true,
  fontFamily: "'JetBrains Mono', monospace",
  fontSize: 13,
  lineHeight: 20,
  fontLigatures: false,
  minimap: { enabled: false },
  scrollBeyondLastLine: false,
  renderLineHighlight: 'line',
  overviewRulerLanes: 0,
  glyphMargin: false,
  folding: true,
  lineNumbersMinChars: 3,
  tabSize: 2,
  wordBasedSuggestions: 'off',
  // Tab leaves the editor after Ctrl-M, and Escape then Tab always does: nobody is trapped.
  accessibilitySupport: 'auto',
  ariaLabel: 'Manifest, YAML. Press Control M to let Tab leave the editor.',
  fixedOverflowWidgets: true,
}

/** Monaco, loaded when first shown; until then, and where it cannot load, a plain text box with the same text. */
export function Editor({ text, file, problems, onText, onApply, difference }: EditorProps) {
  const host = useRef<HTMLDivElement>(null)
  const [monaco, setMonaco] = useState<Monaco>()
  const [failed, setFailed] = useState(false)
  const instance = useRef<editor.IStandaloneCodeEditor>(undefined)
  const latest = useRef({ text, onText, onApply })
  useEffect(() => {
    latest.current = { text, onText, onApply }
  })

  useEffect(() => {
    let gone = false
    import('./monaco.ts')
      .then((module) => module.loadMonaco().then((m) => !gone && setMonaco(() => m)))
      .catch(() => !gone && setFailed(true))
    return () => void (gone = true)
  }, [])

  useEffect(() => {
    if (!monaco || !host.current) return
    const element = host.current
    let themed = true
    const theme = (): void => void import('./monaco.ts').then(({ applyTheme }) => themed && applyTheme(monaco, element))
    theme()
    const watcher = new MutationObserver(theme)
    watcher.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme', 'class'] })
    const stop = (): void => {
      themed = false
      watcher.disconnect()
    }
    if (difference) {
      const diff = monaco.editor.createDiffEditor(element, {
        ...OPTIONS,
        readOnly: true,
        renderSideBySide: element.clientWidth > 700,
        hideUnchangedRegions: { enabled: true },
        ariaLabel: 'Difference between what is stored and what Apply would store',
      })
      const models = [difference.before, difference.after].map((value) => monaco.editor.createModel(value, 'yaml'))
      diff.setModel({ original: models[0]!, modified: models[1]! })
      return () => {
        stop()
        diff.dispose()
        for (const model of models) model.dispose()
      }
    }
    const model = monaco.editor.createModel(latest.current.text, 'yaml')
    const created = monaco.editor.create(element, { ...OPTIONS, model })
    instance.current = created
    created.addCommand(monaco.KeyMod.CtrlCmd | monaco.KeyCode.Enter, () => latest.current.onApply())
    const typing = model.onDidChangeContent(() => latest.current.onText(model.getValue()))
    return () => {
      stop()
      instance.current = undefined
      typing.dispose()
      created.dispose()
      model.dispose()
    }
  }, [monaco, difference, file])

  useEffect(() => {
    const model = instance.current?.getModel()
    if (model && model.getValue() !== text) model.setValue(text)
  }, [text])

  useEffect(() => {
    const model = instance.current?.getModel()
    if (!monaco || !model) return
    const { MarkerSeverity } = monaco
    monaco.editor.setModelMarkers(
      model,
      'nodeglass',
      problems.map((p) => ({
        startLineNumber: p.line,
        startColumn: p.column,
        endLineNumber: p.endLine,
        endColumn: p.endColumn,
        message: p.says,
        source: p.severity === 'error' ? 'API server' : p.severity,
        severity:
          p.severity === 'error'
            ? MarkerSeverity.Error
            : p.severity === 'not modelled'
              ? MarkerSeverity.Warning
              : MarkerSeverity.Info,
      })),
    )
  }, [monaco, problems, difference])

  if (!monaco)
    return (
      <div className={css.editor}>
        <textarea
          className={css.plain}
          value={text}
          spellCheck={false}
          aria-label="Manifest, YAML"
          onChange={(event) => onText(event.target.value)}
        />
        {failed && <p className={css.note}>The full editor could not be loaded. This plain one works as well.</p>}
      </div>
    )
  return <div ref={host} className={css.editor} />
}
