/**
 * One line where it matters: what the set to be tested on shares with the set to be trained on. It
 * compares them when it is shown, and is empty as long as nothing is known or nothing is shared.
 */
import { useEffect } from 'react';
import type { OverlapReport, PartOfDataset, RunConfig, SettingDescriptor } from '../../../protocol';
import { type Comparison, findOverlap, heldOutComparison } from '../../store/data';
import { formatCount } from '../../store/format';
import { checkConfig } from '../../store/settings';
import { useSession, useStudio } from '../context';
import { Icon } from '../kit/Icon';
import css from './OverlapWarning.module.css';

const REST_MS = 400;

/**
 * @param test what will be evaluated, against what the last run trained on, or the next one will;
 *   undefined: what the next run holds out
 */
export function OverlapWarning({ test }: { readonly test?: PartOfDataset }) {
  const session = useSession();
  const run = useStudio((state) => (test ? state.run : null));
  const chosen = useStudio((state) => state.datasetId);
  const next = useStudio((state) => state.draft);
  const datasetId = run?.datasetId ?? chosen;
  const draft = run?.config ?? next;
  const settings = useStudio((state) => state.ready?.settings) ?? [];
  const data = useStudio((state) => state.data);
  const own = draft && isValid(draft, settings) ? heldOutComparison(datasetId, draft) : null;
  const of = test ? comparisonWith(test, own, datasetId, draft) : own;
  const isItself = of !== null && of.train.datasetId === of.test.datasetId && of.train.part === of.test.part;
  const key = of && !isItself ? JSON.stringify(of) : null;
  useEffect(() => {
    if (key === null) return;
    const timer = setTimeout(() => void session.librarian.compare(JSON.parse(key) as Comparison), REST_MS);
    return () => clearTimeout(timer);
  }, [session, key]);
  const report = of && findOverlap(data, of);
  const text = isItself ? 'These are the cases that a run trains on.' : report && warningOf(report);
  return text ? (
    <p role="status" className={css.warning}>
      <Icon name="alert" size={14} />
      <span>{text}</span>
    </p>
  ) : null;
}

/** Whether the split's settings are: others do not matter here. */
function isValid(draft: RunConfig, settings: readonly SettingDescriptor[]): boolean {
  const ours = settings.filter(({ path }) => path.startsWith('data.'));
  return checkConfig(draft, ours).size === 0;
}

/** The set with all that a run trains on. */
function comparisonWith(
  test: PartOfDataset,
  own: Comparison | null,
  datasetId: string | null,
  draft: RunConfig | null,
): Comparison | null {
  if (draft === null || datasetId === null) return null;
  return { train: own?.train ?? { datasetId, part: 'all' }, test, split: draft.data };
}

/** null: nothing worth a warning; boilerplate alone makes most exam questions share some run. */
function warningOf({ exact, sharedHalf, test }: OverlapReport): string | null {
  const found = [
    ...(exact > 0 ? [`${formatCount(exact)} are also trained on`] : []),
    ...(sharedHalf > 0
      ? [`${formatCount(sharedHalf)} share half of their 13-word runs with what is trained on`]
      : []),
  ];
  if (found.length === 0) return null;
  const which = test.part === 'held-out' ? 'held-out cases' : `cases of ${test.name}`;
  return `Of ${formatCount(test.rows)} ${which}, ${found.join(', ')}: see Overlap under Data.`;
}
