// Measure @phala/dcap-qvl: node dcap_qvl.mjs PACKAGE_FOLDER CASE.json
// CASE: quote (hex), collateral, time, root (PEM or null). Prints the median
// processor time of a verification in microseconds, as JSON.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const require = createRequire(join(process.argv[2], "package.json"));
const { QuoteVerifier } = require("@phala/dcap-qvl");
const test = JSON.parse(readFileSync(process.argv[3], "utf8"));
const quote = new Uint8Array(Buffer.from(test.quote, "hex"));
const root = test.root === null ? null : Buffer.from(
    test.root.replace(/-----[A-Z ]+-----/g, ""), "base64");
const verifier = root === null ? QuoteVerifier.newProd()
                               : QuoteVerifier.newWithRootCa(root);
const samples = [];

for (let round = 0; round < 150; round++) {
    const begin = process.cpuUsage();
    verifier.verify(quote, test.collateral, test.time);
    const spent = process.cpuUsage(begin);
    if (round >= 50) // by then the code is compiled
        samples.push(spent.user + spent.system);
}
samples.sort((a, b) => a - b);
console.log(JSON.stringify({ full_us: samples[samples.length >> 1] }));
