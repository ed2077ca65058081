import { apiResources, apiVersions, auth, clusterInfo, config, events, proxy, top, version } from './about.ts'
import { apply } from './apply.ts'
import { cordon, taint, uncordon } from './cordon.ts'
import { create } from './create.ts'
import { debug } from './debug.ts'
import { deleteVerb } from './delete.ts'
import { describe } from './describe.ts'
import { drain } from './drain.ts'
import { exec } from './exec.ts'
import { explainDescriptor } from './explain-descriptor.ts'
import { expose } from './expose.ts'
import { get } from './get.ts'
import { annotate, label } from './label.ts'
import { logs } from './logs.ts'
import { edit, patch, set } from './patch.ts'
import { rollout } from './rollout.ts'
import { run } from './run.ts'
import { scale } from './scale.ts'
import type { Verb } from './verb.ts'
import { wait } from './wait.ts'

/** Every verb; one line each. */
export const VERBS: readonly Verb[] = [
  get,
  describe,
  apply,
  create,
  deleteVerb,
  logs,
  exec,
  debug,
  run,
  expose,
  scale,
  rollout,
  wait,
  events,
  explainDescriptor,
  label,
  annotate,
  patch,
  set,
  edit,
  cordon,
  uncordon,
  drain,
  taint,
  top,
  auth,
  apiResources,
  apiVersions,
  clusterInfo,
  config,
  proxy,
  version,
]
