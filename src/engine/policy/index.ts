/** The policy model: config, weights, forward pass, KV-cache decoding, LoRA. */
export { type PolicyConfig, readPolicyConfig } from './config';
export type { Decoder } from './decoder';
export type { CompletionDistribution, TokenBatch } from './forward';
export { LORA_TARGETS, type LoraSettings, loraSettings } from './lora';
export { countParameters, type ParameterLayout } from './parameters';
export { createPolicy, type Policy, readPolicy } from './policy';
export { openPolicySource, type PolicyChoice, type PolicySource, type TrainingChoice } from './source';
