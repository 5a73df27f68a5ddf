// Runs aedes for the tests on 127.0.0.1 and the port that is given; its state is in memory.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'

const [installation, port] = process.argv.slice(2)
const entry = createRequire(join(installation, 'package.json')).resolve('aedes')
const { Aedes } = await import(pathToFileURL(entry))
const { version } = JSON.parse(readFileSync(join(dirname(entry), 'package.json')))

const broker = await Aedes.createBroker({ queueLimit: 20000 })
const server = createServer(broker.handle)
for (const event of ['clientError', 'connectionError']) {
  broker.on(event, (client, error) => console.log(event, client?.id, error.message))
}
server.listen(Number(port), '127.0.0.1', () => console.log(`aedes ${version} listens`))
process.on('SIGTERM', () => {
  server.close()
  broker.close(() => process.exit(0))
})
