// A program that uses Runware's older JavaScript SDK, `@runware/sdk-js`.
//
// Run as `node sdk_js_program.mjs SDK RUNS`, where SDK is the URL of its module. RUNS is a JSON list of {name, key, url,
// task, options}; all are performed at once, each on a client of its own, and what came of each is printed as one JSON
// document by its name. A failure is what the SDK rejects with, whatever that is.

const [sdk, runs] = process.argv.slice(2);
const { RunwareServer } = await import(sdk);

async function perform({ key, url, task, options }) {
  const { taskUUID, taskType, ...fields } = task;
  const client = new RunwareServer({ apiKey: key, url, ...options });
  try {
    return { videos: await client.videoInference({ ...fields, customTaskUUID: taskUUID }) };
  } catch (reason) {
    return { rejected: reason instanceof Error ? { message: reason.message } : reason };
  }
}

const asked = JSON.parse(runs);
const told = await Promise.all(asked.map(perform));
const byName = Object.fromEntries(asked.map(({ name }, at) => [name, told[at]]));
// The SDK has no way to say goodbye, and its sockets would keep the process alive.
process.stdout.write(JSON.stringify(byName), () => process.exit(0));
