// @cloud-copilot/iam-simulate, timed: reads scenes (JSON) from standard input, writes microseconds. It is AGPL-3.0 and runs
// as a program of its own. The first argument is the folder whose node_modules holds it.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const require = createRequire(`${process.argv[2]}/`)
const { runSimulation } = require('@cloud-copilot/iam-simulate')
const { createValidatedPolicy, validateIdentityPolicy, validateResourcePolicy } = require('@cloud-copilot/iam-policy')
const ROUNDS = 5
const SECONDS = 0.03

async function timed(work) {
  await work()
  let best = Infinity
  let calls = 1
  for (let round = 0; round < ROUNDS; round++) {
    let took
    for (;;) {
      const began = process.cpuUsage()
      for (let call = 0; call < calls; call++) await work()
      const used = process.cpuUsage(began)
      took = (used.user + used.system) / 1e6
      if (took >= SECONDS) break
      calls = Math.max(calls * 2, Math.floor((calls * SECONDS) / Math.max(took, 1e-9)))
    }
    best = Math.min(best, took / calls)
  }
  return best * 1e6
}

function simulation(scene, asked) {
  const validate = scene.at_the_resource ? validateResourcePolicy : validateIdentityPolicy
  const policies = scene.policies.map((text) => createValidatedPolicy(JSON.parse(text), validate))
  return {
    request: {
      principal: asked.principal,
      action: asked.action,
      resource: { resource: asked.resource, accountId: asked.account },
      contextVariables: asked.context
    },
    identityPolicies: scene.at_the_resource ? [] : policies.map((policy, n) => ({ name: `p${n}`, policy })),
    ...(scene.at_the_resource ? { resourcePolicy: policies[0] } : {}),
    serviceControlPolicies: [],
    resourceControlPolicies: []
  }
}

const decide = async (given) => {
  const found = await runSimulation(given, { simulationMode: 'Strict' })
  if (found.resultType === 'error') throw new Error(JSON.stringify(found.errors).slice(0, 500))
  return found.overallResult
}

const scenes = JSON.parse(readFileSync(0, 'utf8'))
const WARM_UP = 200
for (const scene of scenes.slice(0, 3)) {
  for (const asked of Object.values(scene.requests)) {
    for (let call = 0; call < WARM_UP; call++) await decide(simulation(scene, asked))
  }
}

const figures = {}
for (const scene of scenes) {
  figures[scene.name] = {}
  for (const [wanted, asked] of Object.entries(scene.requests)) {
    const known = simulation(scene, asked)
    const result = await decide(known)
    if ((result === 'Allowed') !== (wanted === 'allowed')) throw new Error(`${scene.name}: ${wanted} is ${result}`)
    figures[scene.name][`warm, ${wanted}`] = await timed(() => decide(known))
    figures[scene.name][`cold, ${wanted}`] = await timed(() => decide(simulation(scene, asked)))
  }
}
process.stdout.write(JSON.stringify(figures))
