/** `npm run --silent sbom`: writes the SBOM to standard output. */
import { makeSbom } from './sbom.js';

process.stdout.write(`${JSON.stringify(makeSbom(), null, 2)}\n`);
