export * from './config';
export * from './custom';
export * from './datasets';
export * from './errors';
export * from './evaluation';
export * from './messages';
export * from './records';
export * from './scoring';
