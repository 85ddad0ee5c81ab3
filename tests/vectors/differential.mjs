// Verify many cases with @phala/dcap-qvl: node differential.mjs PACKAGE_FOLDER
// Reads a line of JSON for each case (quote in hex, collateral, time), writes
// one: outcome, status, advisories, message.
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";

const require = createRequire(join(process.argv[2], "package.json"));
const { QuoteVerifier } = require("@phala/dcap-qvl");
const verifier = QuoteVerifier.newProd();

function judge(test) {
    try {
        const quote = new Uint8Array(Buffer.from(test.quote, "hex"));
        const r = verifier.verify(quote, test.collateral, test.time);
        return { accepted: true, status: r.status,
                 advisories: [...r.advisory_ids].sort(), message: "" };
    } catch (e) {
        let message = String(e && e.message);
        if (e && e.cause)
            message += ": " + String(e.cause.message);
        return { accepted: false, status: "", advisories: [], message };
    }
}

for await (const line of createInterface({ input: process.stdin }))
    console.log(JSON.stringify(judge(JSON.parse(line))));
