/** Words of any English text. */
import { wordSet } from './lists';

/** A full stop behind one of these ends no sentence. */
export const ABBREVIATIONS = wordSet(`
  dr mr mrs ms vs eg ie etc st approx fig no prof
`);

/** Carry no content. */
export const STOP_WORDS = wordSet(`
  a an the of and or to in on at for with without from by is was are were be been being has have
  had having he she his her him they them their it its this that these those which who whom whose
  what when where while as than then there not no nor but if so such into over under up down out
  off after before since during between about because due also more less one two three four five
  six seven eight nine ten can could would should may might will do does did done any all each
  other another some only very just both same i you your we our my me us however although though
  through throughout upon within along among around toward against per via how why until unless
  again still even ever never always often sometimes usually
`);
