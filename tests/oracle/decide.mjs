// Reads one simulation a line from standard input (JSON, as @cloud-copilot/iam-simulate takes it) and writes one answer a
// line, in JSON: what it decides, and which condition keys it leaves aside because the action knows no such key; or the
// error. What is asked comes from test_oracle_iam_simulate.py.
import { createInterface } from 'node:readline'
import { runSimulation } from '@cloud-copilot/iam-simulate'

for await (const line of createInterface({ input: process.stdin })) {
  let answer
  try {
    const found = await runSimulation(JSON.parse(line), { simulationMode: 'Strict' })
    answer =
      found.resultType === 'error'
        ? { error: JSON.stringify(found.errors) }
        : { decides: found.overallResult, ignores: found.result?.ignoredContextKeys ?? [] }
  } catch (error) {
    answer = { error: String(error).split('\n')[0] }
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`)
}
