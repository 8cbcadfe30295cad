/** The held-out share and its seed, and how many cases each part and stratum gets by them. */
import { useEffect, useState } from 'react';
import type { DatasetSummary, RunConfig, SplitReport } from '../../../protocol';
import { formatCount, formatPercent } from '../../store/format';
import { checkSetting, getSetting, setSetting } from '../../store/settings';
import { useSession, useStudio } from '../context';
import { Button } from '../kit/Button';
import { Panel } from '../kit/Panel';
import { Verbatim } from '../kit/Verbatim';
import { SettingRow } from '../train/SettingRow';
import css from './Split.module.css';

const SETTINGS: readonly string[] = ['data.heldOutFraction', 'data.splitSeed'];
const REST_MS = 250;

export function Split({
  dataset,
  onCompare,
}: {
  readonly dataset: DatasetSummary;
  readonly onCompare: () => void;
}) {
  const session = useSession();
  const draft = useStudio((state) => state.draft);
  const descriptors = useStudio((state) => state.ready?.settings) ?? [];
  const settings = descriptors.filter(({ path }) => SETTINGS.includes(path));
  const isValid =
    draft !== null && settings.every((each) => !checkSetting(each, getSetting(draft, each.path)));
  const report = useSplit(dataset, isValid ? draft.data : null);
  return (
    <Panel
      title="Split"
      note="a share that training never sees, the same on every machine"
      className={css.panel}
    >
      <div className={css.body}>
        <div className={css.settings}>
          {draft &&
            settings.map((setting) => (
              <SettingRow
                key={setting.path}
                setting={setting}
                value={getSetting(draft, setting.path)}
                onChange={(value) => session.edit(setSetting(draft, setting.path, value))}
                onFocus={() => undefined}
              />
            ))}
        </div>
        <p className={css.muted}>
          Stratified by gold letter and first facet. Cases of one question stay on one side; repeats and
          contradictions are on neither. The next run takes these settings; a resumed one keeps its own.
        </p>
        {report && <Parts report={report} />}
        {report && report.heldOut > 0 && (
          <div>
            <Button label="Compare the two parts" onClick={onCompare} />
          </div>
        )}
        {report && <Strata report={report} />}
      </div>
    </Panel>
  );
}

/** Counted anew when the split changes and rests; what was counted stays on screen meanwhile. */
function useSplit({ id, rows }: DatasetSummary, split: RunConfig['data'] | null): SplitReport | null {
  const session = useSession();
  const [counted, setCounted] = useState<{ readonly id: string; readonly report: SplitReport } | null>(null);
  const { heldOutFraction, splitSeed } = split ?? { heldOutFraction: null, splitSeed: null };
  useEffect(() => {
    if (heldOutFraction === null || rows === 0) return;
    let isWanted = true;
    const timer = setTimeout(() => {
      session.librarian.split(id, { heldOutFraction, splitSeed }).then(
        (report) => isWanted && setCounted({ id, report }),
        (thrown: unknown) => isWanted && session.voice.fail(thrown),
      );
    }, REST_MS);
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
  }, [session, id, rows, heldOutFraction, splitSeed]);
  return counted?.id === id ? counted.report : null;
}

function Parts({ report }: { readonly report: SplitReport }) {
  const { train, heldOut, repeats, conflicts, unlabelled } = report;
  const labelled = train + heldOut;
  return (
    <dl className={css.parts} aria-live="polite">
      <div>
        <dt>Training</dt>
        <dd>{formatCount(train)}</dd>
      </div>
      <div>
        <dt>Held out</dt>
        <dd>
          {formatCount(heldOut)}
          {labelled > 0 && <span className={css.muted}> {formatPercent(heldOut / labelled)}</span>}
        </dd>
      </div>
      <div>
        <dt>Repeats, left out</dt>
        <dd>{formatCount(repeats)}</dd>
      </div>
      <div>
        <dt>Contradictions, left out</dt>
        <dd>{formatCount(conflicts)}</dd>
      </div>
      <div>
        <dt>Unlabelled</dt>
        <dd>{formatCount(unlabelled)}</dd>
      </div>
    </dl>
  );
}

function Strata({ report: { strata, strataInAll } }: { readonly report: SplitReport }) {
  return (
    <details className={css.strata}>
      <summary>{formatCount(strataInAll)} strata</summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling table must be reachable by keyboard */}
      <section className={css.scroll} tabIndex={0} aria-label="Strata">
        <table>
          <thead>
            <tr>
              <th scope="col">Stratum</th>
              <th scope="col">Training</th>
              <th scope="col">Held out</th>
            </tr>
          </thead>
          <tbody>
            {strata.map(({ name, train, heldOut }) => (
              <tr key={name}>
                <th scope="row">
                  <Verbatim text={name} />
                </th>
                <td>{formatCount(train)}</td>
                <td>{formatCount(heldOut)}</td>
              </tr>
            ))}
          </tbody>
        </table>
        {strataInAll > strata.length && <p className={css.muted}>The first {strata.length} are listed.</p>}
      </section>
    </details>
  );
}
