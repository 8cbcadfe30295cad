/** Every objective of this version, in the order in which a reward sums them. */
import { accuracy } from './accuracy';
import { behaviours } from './behaviours';
import { citation } from './citation';
import { faithfulness } from './faithfulness';
import { format, wellFormed } from './format';
import { integrity } from './integrity';
import { language } from './language';
import type { Objective } from './objective';
import { rejection } from './rejection';
import { support } from './support';

export const OBJECTIVES: readonly Objective[] = [
  accuracy,
  format,
  language,
  wellFormed,
  citation,
  faithfulness,
  support,
  rejection,
  behaviours,
  integrity,
];
