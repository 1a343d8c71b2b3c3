/** `npm run golden`: writes the golden vectors anew. What changed in them is a change of the format. */
import { writeGolden } from './vectors.js';

writeGolden();
