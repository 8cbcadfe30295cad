export * from './config';
export * from './errors';
export * from './messages';
export * from './records';
