/**
 * Monaco with YAML, loaded when the editor is first shown. Two adapters make monaco-yaml 5.5 and monaco-editor 0.57 fit:
 * the build maps `monaco-editor/esm/vs/X` to the package's export `X.js` (vite.config.ts), and `createWebWorker` is
 * given a worker instead of the name of a module.
 */
import * as monaco from 'monaco-editor/editor/editor.api.js'
import 'monaco-editor/features/bracketMatching/register.js'
import 'monaco-editor/features/caretOperations/register.js'
import 'monaco-editor/features/clipboard/register.js'
import 'monaco-editor/features/comment/register.js'
import 'monaco-editor/features/cursorUndo/register.js'
import 'monaco-editor/features/diffEditor/register.js'
import 'monaco-editor/features/find/register.js'
import 'monaco-editor/features/folding/register.js'
import 'monaco-editor/features/gotoError/register.js'
import 'monaco-editor/features/hover/register.js'
import 'monaco-editor/features/indentation/register.js'
import 'monaco-editor/features/linesOperations/register.js'
import 'monaco-editor/features/multicursor/register.js'
import 'monaco-editor/editor/contrib/suggest/browser/suggestController.js'
import 'monaco-editor/features/snippet/register.js'
import 'monaco-editor/features/toggleTabFocusMode/register.js'
import 'monaco-editor/features/wordOperations/register.js'
import 'monaco-editor/languages/definitions/yaml/register.js'
import { configureMonacoYaml } from 'monaco-yaml'
import { loadSchema } from '../../lab/kubernetes-schema.ts'
import { jsonSchema } from './json-schema.ts'

export type Monaco = typeof monaco

self.MonacoEnvironment = {
  getWorker: () => new Worker(new URL('./editor.worker.ts', import.meta.url), { type: 'module', name: 'editor' }),
}

interface WorkerOptions {
  createData?: unknown
  host?: Record<string, (...args: unknown[]) => unknown>
  keepIdleModels?: boolean
}

/** monaco-yaml waits for one message to be thrown away, then for its settings, then for Monaco's own. */
function createYamlWorker(options: WorkerOptions): unknown {
  const worker = new Worker(new URL('./yaml.worker.ts', import.meta.url), { type: 'module', name: 'yaml' })
  worker.postMessage('ignore')
  worker.postMessage(options.createData)
  const { host, keepIdleModels } = options
  return monaco.editor.createWebWorker({
    worker,
    ...(host ? { host } : {}),
    ...(keepIdleModels ? { keepIdleModels } : {}),
  })
}

let ready: Promise<Monaco> | undefined

/** Monaco with the Kubernetes schema. The schema comes a moment after the editor; typing does not wait for it. */
export function loadMonaco(): Promise<Monaco> {
  return (ready ??= Promise.resolve(monaco).then((m) => {
    const adapted = { ...m, editor: { ...m.editor, createWebWorker: createYamlWorker } }
    void loadSchema().then(
      ({ schema, docs }) =>
        configureMonacoYaml(adapted as unknown as Parameters<typeof configureMonacoYaml>[0], {
          isKubernetes: true,
          // What is wrong is said by the model in the API server's words; the schema only completes and explains.
          validate: false,
          hover: true,
          completion: true,
          yamlVersion: '1.1',
          schemas: [{ uri: 'nodeglass:kubernetes', fileMatch: ['*'], schema: jsonSchema(schema, docs) as never }],
        }),
      () => undefined, // Offline before it was ever loaded: the editor works on without completion.
    )
    return m
  }))
}

/** Monaco's theme from the tokens of the page, so that the editor is of the same paper. */
export function applyTheme(m: Monaco, host: Element): void {
  const style = getComputedStyle(host)
  const token = (name: string): string => style.getPropertyValue(name).trim()
  const bare = (name: string): string => token(name).replace('#', '')
  const dark = document.documentElement.dataset.theme === 'dark'
  m.editor.defineTheme('nodeglass', {
    base: dark ? 'vs-dark' : 'vs',
    inherit: false,
    rules: [
      { token: '', foreground: bare('--ink') },
      { token: 'type', foreground: bare('--ink'), fontStyle: 'bold' },
      { token: 'string', foreground: bare('--ink2') },
      { token: 'number', foreground: bare('--ink2') },
      { token: 'keyword', foreground: bare('--ink2') },
      { token: 'operators', foreground: bare('--ink3') },
      { token: 'comment', foreground: bare('--ink3'), fontStyle: 'italic' },
    ],
    colors: {
      'editor.background': token('--surface'),
      'editor.foreground': token('--ink'),
      'editorLineNumber.foreground': token('--ink3'),
      'editorLineNumber.activeForeground': token('--ink'),
      'editorCursor.foreground': token('--ink'),
      'editor.lineHighlightBackground': token('--sunk'),
      'editor.selectionBackground': token('--deep'),
      'editor.inactiveSelectionBackground': token('--sunk'),
      'editorIndentGuide.background1': token('--line'),
      'editorWidget.background': token('--surface'),
      'editorWidget.border': token('--ink'),
      'editorSuggestWidget.selectedBackground': token('--deep'),
      'editorSuggestWidget.selectedForeground': token('--ink'),
      'editorSuggestWidget.highlightForeground': token('--ink'),
      'editorSuggestWidget.focusHighlightForeground': token('--ink'),
      'editorHoverWidget.background': token('--surface'),
      'editorHoverWidget.border': token('--ink'),
      'editorError.foreground': token('--fail'),
      'editorWarning.foreground': token('--ink3'),
      'editorInfo.foreground': token('--line2'),
      focusBorder: token('--ink'),
      'scrollbarSlider.background': `${token('--line2')}55`,
      'diffEditor.insertedTextBackground': `${token('--kernel')}33`,
      'diffEditor.removedTextBackground': `${token('--fail')}22`,
    },
  })
  m.editor.setTheme('nodeglass')
}
