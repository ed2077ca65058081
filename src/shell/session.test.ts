import { describe, expect, test } from 'vitest'
import type { ModelReader } from '../model/tables.ts'
import { createFilters } from './filters.ts'
import { drive, runLines, type Mover } from './drive.ts'
import { createSession, type Session } from './session.ts'

/** An empty model whose clock is moved by what the shell waits for. */
function bare(options: { files?: Record<string, string>; tty?: boolean } = {}) {
  const state = { now: 0, out: '', err: '', all: '' }
  const reader = {
    get now() {
      return state.now
    },
    get: () => undefined,
    all: () => [],
    by: () => [],
    count: () => 0,
    pending: () => [],
  } as unknown as ModelReader
  const session: Session = createSession({
    host: {
      reader: () => reader,
      give() {},
      loadFilters: async () =>
        createFilters((await import('just-bash/browser')) as unknown as Parameters<typeof createFilters>[0]),
    },
    tools: [],
    files: options.files,
    tty: options.tty,
    write(text, stream) {
      state[stream] += text
      state.all += text
    },
  })
  const mover: Mover = {
    advance(waits) {
      const until = Math.min(...waits.map((wait) => wait.until ?? Infinity))
      if (until === Infinity) return undefined
      state.now = Math.max(state.now, until)
      return new Set()
    },
  }
  return { session, state, mover }
}

async function sh(script: string, files?: Record<string, string>) {
  const { session, state, mover } = bare({ files })
  const exit = await runLines(session, script, mover)
  return { ...state, exit }
}

describe('a line', () => {
  const cases: [script: string, out: string, exit?: number][] = [
    ['echo a  b "c  d" \'e $x\'', 'a b c  d e $x\n'],
    ['x=1; echo $x "${x}2" \'$x\'', '1 12 $x\n'],
    ['echo ${u:-none} ${#HOME} ${HOME##*/} ${HOME%/*}', 'none 13 learner /home\n'],
    ['false || echo no && echo yes', 'no\nyes\n'],
    ['! false; echo $?', '0\n'],
    ['echo $(echo a; echo b)', 'a b\n'],
    ['echo "$(printf \'a\\nb\\n\\n\')"|wc -l', '2\n'],
    ['for i in 1 2 3; do [ $i = 2 ] && continue; echo n$i; done', 'n1\nn3\n'],
    ['i=0; while [ $i -lt 3 ]; do i=$((i+1)); done; echo $i', '3\n'],
    ['case web-1 in db*) echo db;; web*) echo web;; esac', 'web\n'],
    ['f() { echo "got $1 of $#"; return 3; }; f a b; echo $?', 'got a of 2\n3\n'],
    ['echo {a,b}{1..3}', 'a1 a2 a3 b1 b2 b3\n'],
    ['set -- "a b" c; for x in "$@"; do echo "<$x>"; done', '<a b>\n<c>\n'],
    ['x="a b"; printf "[%s]" $x "$x"; echo', '[a][b][a b]\n'],
    ['printf "%-5s|%3d|%s\\n" ab 7 x cd 8 y', 'ab   |  7|x\ncd   |  8|y\n'],
    ['echo hi > f; cat f f >> g; wc -l < g', '2\n'],
    ['echo out; echo err >&2', 'out\n'],
    ['{ echo out; echo err >&2; } 2>&1 | sort', 'err\nout\n'],
    ['ls nothing 2>/dev/null; echo $?', '2\n'],
    ['cat <<EOF\nline $HOME\nEOF', 'line /home/learner\n'],
    ["cat <<'EOF' | grep -c x\nx\n$x\nEOF", '2\n'],
    ['grep -o "[0-9]*m" <<< "a 500m b 64m"', '500m\n64m\n'],
    ['echo one two \\\n  three', 'one two three\n'],
    ['echo a # comment', 'a\n'],
    ['mkdir -p d/e; touch d/e/b.yaml d/e/a.yaml; echo d/e/*.yaml d/*.none', 'd/e/a.yaml d/e/b.yaml d/*.none\n'],
    ['if [[ web-12 =~ ^web-([0-9]+)$ ]]; then echo ${BASH_REMATCH[1]}; fi', '12\n'],
    ['a=(x y z); echo ${#a[@]} ${a[1]} "${a[@]:1}"', '3 y y z\n'],
    ['echo $((2**10 % 7)) $((x=5, x*2))', '2 10\n'],
    ['seq 3 | while read n; do echo "n=$n"; done', 'n=1\nn=2\nn=3\n'],
    ['seq 5 | xargs -n 2 echo', '1 2\n3 4\n5\n'],
    ['exit 7', '', 7],
    ['(exit 3); echo $?', '3\n'],
    ["bash -c 'echo $1-$0' zero one", 'one-bash\n'],
    ['echo YWJj | base64 -d', 'abc'],
    ['yes | head -2', 'y\ny\n'],
    ['sudo echo hi', 'hi\n'],
    ['export A=1; env | grep ^A=', 'A=1\n'],
    ['A=1 env | grep ^A=; echo "[$A]"', 'A=1\n[]\n'],
    ['set -o pipefail; false | true; echo $?', '1\n'],
    ['x=$(false); echo $?', '1\n'],
    ['date', 'Wed Jun 10 22:00:00 UTC 2026\n'],
    ['printf "c\\na\\nb\\n" | sort | tail -1', 'c\n'],
    [
      "printf 'Capacity:\\n cpu: 2\\nSystem Info:\\nx\\n' | sed -n '/Capacity:/,/System Info:/p'",
      'Capacity:\n cpu: 2\nSystem Info:\n',
    ],
    ["echo 'a b c' | awk '{print $2}'", 'b\n'],
    ['echo \'{"a":[1,2]}\' | jq -c .a', '[1,2]\n'],
    ['echo \'{"a":1}\' | python3 -m json.tool', '{\n    "a": 1\n}\n'],
  ]
  test.each(cases)('%s', async (script, out, exit) => {
    const result = await sh(script)
    expect(result.out + (result.err.includes('internal') ? result.err : '')).toBe(out)
    if (exit !== undefined) expect(result.exit).toBe(exit)
  })
})

describe('what goes wrong', () => {
  const cases: [script: string, err: string, exit: number][] = [
    ['foo', 'bash: foo: command not found\n', 127],
    [
      'tcpdump -i any',
      'not simulated here: tcpdump; try conntrack -L, iptables-save -c, or the Packet path view\n',
      127,
    ],
    ['cat nothing', 'cat: nothing: No such file or directory\n', 1],
    ['cd nowhere', 'bash: cd: nowhere: No such file or directory\n', 1],
    ['echo a > /no/dir', 'bash: /no/dir: No such file or directory\n', 1],
    [
      'rm -rf /',
      "rm: it is dangerous to operate recursively on '/'\nrm: use --no-preserve-root to override this failsafe\n",
      1,
    ],
    ['echo $((1/0))', 'bash: 1/0: division by 0 (error token is "0")\n', 1],
    ['echo )', "bash: syntax error near unexpected token `)'\n", 2],
    ["echo 'abc", "bash: unexpected EOF while looking for matching `''\n", 2],
    ['if true; then', 'bash: syntax error: unexpected end of file\n', 2],
    [
      'kubectl describe node <node-name>',
      '<node-name> is a placeholder: put a real name there, without the angle brackets\n',
      2,
    ],
    ['grep "a[" f', 'grep: Unmatched [, [^, [:, [., or [=\n', 2],
    ['f() { f; }; f', '\nbash: stopped: f called itself more than 100 deep\n', 1],
  ]
  test.each(cases)('%s', async (script, err, exit) => {
    const result = await sh(script)
    expect(result.err).toBe(err)
    expect(result.exit).toBe(exit)
  })

  test('an endless loop without a wait is stopped, and the shell goes on', async () => {
    const result = await sh('while true; do :; done\necho after')
    expect(result.err).toContain('put a sleep into the loop')
    expect(result.out).toBe('after\n')
  })

  test.each([
    [':(){ :|:& };:', 'fork: Resource temporarily unavailable'],
    ['f(){ f | f; }; f', 'fork: Resource temporarily unavailable'],
    ['while :; do sleep 1 & done', 'fork: Resource temporarily unavailable'],
    ['x=a; while true; do x=$x$x; done', 'the value of x is longer than 4 MB'],
    ['while true; do x+=(a b c d e f g); done', 'x has more than 10000 elements'],
    [`echo ${'$('.repeat(3000)}echo x${')'.repeat(3000)}`, 'the line is nested too deep'],
  ])('what grows without end is stopped, and the shell goes on: %.40s', async (line, says) => {
    const result = await sh(`${line}\nsleep 1\necho after`)
    expect(result.err).toContain(says)
    expect(result.err.length).toBeLessThan(5000)
    expect(result.out).toBe('after\n')
  })

  test('endless output is stopped with a clear line', async () => {
    const result = await sh(
      'yes aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\necho after',
    )
    expect(result.err).toContain('more than 2 MB of output')
    expect(result.out.endsWith('after\n')).toBe(true)
  })
})

describe('model time', () => {
  test('sleep moves it, and nothing else does', async () => {
    const result = await sh('sleep 12; date; sleep 0.5 & wait; date +%S.%N')
    expect(result.out).toBe('Wed Jun 10 22:00:12 UTC 2026\n12.500000000\n')
  })

  test('background jobs run beside the shell', async () => {
    const result = await sh('(sleep 5; echo late) &\necho early\njobs\nwait\njobs')
    expect(result.out).toBe(
      'early\n[1]+  Running                 (sleep 5; echo late) &\nlate\n[1]+  Done                    (sleep 5; echo late)\n',
    )
  })

  test('kill %1 ends a job', async () => {
    const result = await sh('sleep 1000 &\nkill %1\nwait %1\necho $?')
    expect(result.out).toBe('143\n')
    expect(result.now).toBe(0)
  })

  test('timeout stops its command at its moment', async () => {
    const result = await sh('timeout 3 sleep 10; echo $?; date +%S')
    expect(result.out).toBe('124\n03\n')
  })

  test('a pipe ends when its reader does', async () => {
    const result = await sh('while true; do echo tick; sleep 1; done | head -3; date +%S')
    expect(result.out).toBe('tick\ntick\ntick\n03\n')
  })
})

describe('a terminal', () => {
  test('Ctrl-C ends the line, not the shell; its status is 130', async () => {
    const { session, state, mover } = bare({ tty: true })
    session.line('sleep 100; echo never')
    await session.quiet()
    expect(session.prompt()).toBeUndefined()
    session.interrupt()
    await session.quiet()
    expect(session.prompt()).toBe('learner@laptop:~$ ')
    session.line('echo $?')
    session.finish()
    await drive(session, mover)
    expect(state.out).toBe('^C\n130\nexit\n')
    expect(state.now).toBe(0)
  })

  test('an unfinished line asks for more; Ctrl-C drops it', async () => {
    const { session, state } = bare({ tty: true })
    session.line('for i in 1 2')
    await session.quiet()
    expect(session.prompt()).toBe('> ')
    session.interrupt()
    await session.quiet()
    expect(session.prompt()).toBe('learner@laptop:~$ ')
    session.line('cd /tmp')
    await session.quiet()
    expect(session.prompt()).toBe('learner@laptop:/tmp$ ')
    expect(state.err).toBe('')
  })

  test('what is typed goes to the program that reads', async () => {
    const { session, state } = bare({ tty: true })
    session.line('cat | tr a-z A-Z')
    session.line('hello')
    session.endOfInput()
    await session.quiet()
    expect(state.out).toBe('HELLO\n')
    expect(session.prompt()).toBe('learner@laptop:~$ ')
  })
})
