import type { CommandNode, CompoundCommand, CompoundList } from 'unbash'
import { asProcess, LoopControl } from './control.ts'
import type { Context } from './process.ts'
import { redirect } from './redirects.ts'
import { copyState, setVar } from './state.ts'
import { evaluateTest } from './test-expressions.ts'
import { wordContext } from './word-context.ts'
import { arithmeticValue, expandToPattern, expandToText, expandWords } from './words.ts'
import { matchesGlob } from './glob.ts'

export async function runCompound(node: Exclude<CommandNode, { type: 'Command' }>, context: Context): Promise<number> {
  const words = wordContext(context)
  switch (node.type) {
    case 'Redirected':
      return context.kernel.run.command(node.command as CompoundCommand, {
        ...context,
        io: await redirect(node.redirects, context, words),
      })
    case 'Function':
      context.shell.functions.set(node.name.value, node)
      return 0
    case 'BraceGroup':
      return runList(node.body, context)
    case 'Subshell':
      return asProcess(() => runList(node.body, { ...context, shell: copyState(context.shell) }))
    case 'If': {
      const tested = { ...context, tested: true }
      if ((await runList(node.clause, tested)) === 0) return runList(node.then, context)
      for (const elif of node.elif) if ((await runList(elif.clause, tested)) === 0) return runList(elif.then, context)
      return node.else ? runList(node.else, context) : 0
    }
    case 'While':
      return loop(context, {
        next: async () =>
          ((await runList(node.clause, { ...context, tested: true })) === 0) === (node.kind === 'while'),
        body: () => runList(node.body, context),
      })
    case 'For': {
      const values = node.wordlist ? await expandWords(node.wordlist, words) : context.shell.params
      let i = 0
      return loop(context, {
        next: () => {
          if (i >= values.length) return Promise.resolve(false)
          setVar(context.shell, node.name.value, values[i++]!)
          return Promise.resolve(true)
        },
        body: () => runList(node.body, context),
      })
    }
    case 'ArithmeticFor': {
      await arithmeticValue(node.initialize, words)
      return loop(context, {
        next: async () => !node.test || (await arithmeticValue(node.test, words)) !== 0n,
        body: () => runList(node.body, context),
        after: async () => void (await arithmeticValue(node.update, words)),
      })
    }
    case 'Case': {
      const text = await expandToText(node.word, words)
      let falls = false
      let exit = 0
      for (const item of node.items) {
        let hit = falls
        for (const pattern of item.pattern) hit ||= matchesGlob(await expandToPattern(pattern, words), text)
        if (!hit) continue
        exit = await runList(item.body, context)
        falls = item.terminator === ';&'
        if (item.terminator !== ';&' && item.terminator !== ';;&') break
      }
      return exit
    }
    case 'TestCommand':
      return (await evaluateTest(node.expression, context, words)) ? 0 : 1
    case 'ArithmeticCommand':
      return (await arithmeticValue(node.expression, words)) !== 0n ? 0 : 1
    case 'Select':
    case 'Coproc':
      context.io.stderr.write(
        `${context.site.shellName}: not simulated here: ${node.type === 'Select' ? 'select' : 'coproc'}\n`,
      )
      return 2
  }
}

async function loop(
  context: Context,
  parts: { next: () => Promise<boolean>; body: () => Promise<number>; after?: () => Promise<void> },
): Promise<number> {
  const { shell, kernel, group } = context
  let exit = 0
  shell.loops++
  try {
    while (await parts.next()) {
      await kernel.step(group)
      try {
        exit = await parts.body()
      } catch (error) {
        if (!(error instanceof LoopControl)) throw error
        exit = 0
        if (--error.levels > 0 && shell.loops > 1) throw error
        if (error.kind === 'break') break
      }
      await parts.after?.()
    }
  } finally {
    shell.loops--
  }
  return exit
}

function runList(list: CompoundList, context: Context): Promise<number> {
  return context.kernel.run.statements(list.commands, context)
}
