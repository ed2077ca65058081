import tseslint from 'typescript-eslint'
import reactHooks from 'eslint-plugin-react-hooks'

/** What sim, model and tools may not say, and the way out. `src/sim/fence.violations.ts.txt` holds one of each. */
const BANNED_GLOBALS = [
  ['Date', 'Model time is world.now; format it with src/sim/clock.ts.'],
  ['setTimeout', 'Waiting is data: world.send(kind, self, data, { delayMicros }).'],
  ['setInterval', 'Waiting is data: send the next tick from the handler of this one.'],
  ['Promise', 'A handler runs to its end: split it at the wait and answer by an event.'],
  ['Intl', 'Locale data differs between engines: format by hand.'],
  ['console', 'Write to a record (journal, container log) or return the text.'],
  ['performance', 'Only src/lab/pacer reads a wall clock.'],
  ['crypto', 'Chance comes from world.random(stream, below).'],
  ['globalThis', 'The model has no surroundings.'],
].map(([name, message]) => ({ name, message }))

const BANNED_SYNTAX = [
  ['CallExpression[callee.object.name="Math"][callee.property.name="random"]', 'Chance comes from world.random(stream, below).'],
  [
    'CallExpression[callee.object.name="Math"][callee.property.name=/^(sin|cos|tan|asin|acos|atan|atan2|sinh|cosh|tanh|asinh|acosh|atanh|exp|expm1|log|log2|log10|log1p|pow|cbrt|hypot)$/]',
    'Engines round transcendental functions differently: use integers or a table.',
  ],
  ['BinaryExpression[operator="**"]', 'Engines round powers differently: multiply.'],
  [':function[async=true]', 'A handler runs to its end: split it at the wait and answer by an event.'],
  [':function[generator=true]', 'A generator is hidden state: keep the state in a record.'],
  ['AwaitExpression', 'A handler runs to its end: split it at the wait and answer by an event.'],
  ['CallExpression[callee.property.name=/^(localeCompare|toLocaleString|toLocaleDateString|toLocaleTimeString|toLocaleUpperCase|toLocaleLowerCase|normalize)$/]', 'Locale data differs between engines: compare by code unit (a < b ? -1 : 1).'],
].map(([selector, message]) => ({ selector, message }))

const ASYNC = /async|await|Promise/

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', 'coverage/', '.cache/', 'test-results/', 'playwright-report/', 'public/', '**/*.generated.ts'] },
  {
    files: ['**/*.{ts,tsx,js}'],
    extends: [tseslint.configs.base],
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
      'no-eval': 'error',
      'no-implied-eval': 'error',
      'no-new-func': 'error',
      'no-debugger': 'error',
      'prefer-const': 'error',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
    },
  },
  {
    files: ['src/{sim,model,tools}/**/*.ts'],
    ignores: ['**/*.test.ts'],
    rules: {
      'no-restricted-globals': ['error', ...BANNED_GLOBALS],
      'no-restricted-syntax': ['error', ...BANNED_SYNTAX],
    },
  },
  {
    // The shell and the lesson player wait, but on model time alone.
    files: ['src/{shell,lesson}/**/*.ts'],
    ignores: ['**/*.test.ts'],
    rules: {
      'no-restricted-globals': ['error', ...BANNED_GLOBALS.filter(({ name }) => !ASYNC.test(name))],
      'no-restricted-syntax': ['error', ...BANNED_SYNTAX.filter(({ selector }) => !/async|Await|generator/.test(selector))],
    },
  },
  {
    files: ['src/{views,app,lab}/**/*.{ts,tsx}'],
    plugins: { 'react-hooks': reactHooks },
    rules: { 'react-hooks/rules-of-hooks': 'error', 'react-hooks/exhaustive-deps': 'error' },
  },
)
