/** Rewards: text in, objectives out. A new objective is one more file and its line in objectives.ts. */
export { extractAnswer, extractOpenAnswer } from './accuracy';
export { OBJECTIVES } from './objectives';
export { presetRewards, REWARD_PRESETS } from './presets';
export { objectiveWeights, scoreCompletion } from './score';
export { TAGS } from './tags';
