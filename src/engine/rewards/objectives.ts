/** Every objective of this version, in the order in which a reward sums them. */
import { accuracy } from './accuracy';
import { format, wellFormed } from './format';
import { language } from './language';
import type { Objective } from './objective';

export const OBJECTIVES: readonly Objective[] = [accuracy, format, language, wellFormed];
