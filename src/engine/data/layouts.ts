/** Every dataset layout that the studio reads; the first that recognises a row decides for its file. */
import type { Layout } from './layout';
import { medqa } from './medqa';

export const LAYOUTS: readonly Layout[] = [medqa];
