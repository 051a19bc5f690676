// What the official parser of AsyncAPI has against a document: one JSON list of its complaints.
import { readFileSync } from "node:fs";

const [, , parserUrl, path] = process.argv;
const { Parser } = (await import(parserUrl)).default;
const { document, diagnostics } = await new Parser().parse(readFileSync(path, "utf8"));
const complaints = diagnostics.map(({ code, message, path: where }) => ({ code, message, where: where.join(".") }));
console.log(JSON.stringify({ read: document !== undefined, complaints }));
