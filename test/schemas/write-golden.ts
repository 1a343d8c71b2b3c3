/** `npm run golden:judge`: writes the golden corpus of judge 1. A difference in a line that was there is a broken promise. */
import { writeGolden } from './judge-1.js';

writeGolden();
