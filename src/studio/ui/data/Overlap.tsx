/** What any two sets share: equal questions and runs of 13 words, with the worst of them. */
import { useId, useState } from 'react';
import type { OverlapReport, PartOfDataset } from '../../../protocol';
import { type Comparison, findOverlap, isSameComparison } from '../../store/data';
import { formatCount, formatPercent } from '../../store/format';
import type { StudioState } from '../../store/state';
import { useSession, useStudio } from '../context';
import { Button } from '../kit/Button';
import { EmptyState } from '../kit/EmptyState';
import { Panel } from '../kit/Panel';
import { Progress } from '../kit/Progress';
import { Verbatim } from '../kit/Verbatim';
import css from './Overlap.module.css';

interface Choice {
  readonly key: string;
  readonly label: string;
  readonly of: PartOfDataset;
}

const keyOf = ({ datasetId, part }: PartOfDataset) => `${part}/${datasetId}`;

/** Every dataset, and its parts where something is held out. */
function choicesOf(datasets: StudioState['datasets'], hasParts: boolean): readonly Choice[] {
  return datasets.flatMap(({ id: datasetId, name }) => {
    const parts: readonly PartOfDataset[] = hasParts
      ? [
          { datasetId, part: 'all' },
          { datasetId, part: 'train' },
          { datasetId, part: 'held-out' },
        ]
      : [{ datasetId, part: 'all' }];
    return parts.map((of) => ({
      key: keyOf(of),
      label: of.part === 'all' ? name : `${name}, ${of.part === 'train' ? 'training part' : 'held-out part'}`,
      of,
    }));
  });
}

/** @param datasetId the dataset looked at: the test set is chosen for it at first */
export function Overlap({ datasetId }: { readonly datasetId: string }) {
  const session = useSession();
  const datasets = useStudio((state) => state.datasets);
  const trainedOn = useStudio((state) => state.datasetId);
  const split = useStudio((state) => state.draft?.data);
  const data = useStudio((state) => state.data);
  const hasParts = split !== undefined && split.heldOutFraction > 0;
  const choices = choicesOf(datasets, hasParts);
  const first = firstChoices(choices, datasetId, trainedOn, hasParts);
  const [picked, setPicked] = useState<{ readonly train?: string; readonly test?: string }>({});
  const find = (key: string | undefined) => choices.find((choice) => choice.key === key);
  const train = find(picked.train) ?? first.train;
  const test = find(picked.test) ?? first.test;
  const of: Comparison | null =
    train && test && train.key !== test.key && split ? { train: train.of, test: test.of, split } : null;
  const report = of && findOverlap(data, of);
  const underWay = of && data.comparing && isSameComparison(data.comparing.of, of) ? data.comparing : null;
  return (
    <Panel title="Overlap" note="what a test set shares with what is trained on" className={css.panel}>
      <div className={css.body}>
        <div className={css.form}>
          <Pick
            label="Training set"
            choices={choices}
            value={train?.key}
            onChange={(key) => setPicked({ ...picked, train: key })}
          />
          <Pick
            label="Test set"
            choices={choices}
            value={test?.key}
            onChange={(key) => setPicked({ ...picked, test: key })}
          />
          {underWay ? (
            <Button label="Cancel" icon="close" onClick={() => session.cancelImport()} />
          ) : (
            <Button
              label="Compare"
              icon="check"
              tone="primary"
              disabled={!of || report !== undefined}
              hint={of ? 'Look for every test question among the training ones' : 'Choose two different sets'}
              onClick={() => of && session.librarian.compare(of)}
            />
          )}
        </div>
        {underWay && (
          <Progress label="Comparing" value={underWay.total > 0 ? underWay.done / underWay.total : null} />
        )}
        {report && <Report report={report} />}
        {!report && !underWay && (
          <EmptyState icon="search" title="A question seen in training measures nothing">
            Compare two sets: their questions are normalised and looked up, and their 13-word runs compared.
            {choices.length < 2 && ' Open a second dataset, or hold out a share under Split.'}
          </EmptyState>
        )}
      </div>
    </Panel>
  );
}

/** The parts of the dataset looked at; without parts, what is trained on and another one. */
function firstChoices(
  choices: readonly Choice[],
  datasetId: string,
  trainedOn: string | null,
  hasParts: boolean,
): { readonly train: Choice | undefined; readonly test: Choice | undefined } {
  const find = (id: string | null, part: PartOfDataset['part']) =>
    choices.find(({ of }) => of.datasetId === id && of.part === part);
  if (hasParts) return { train: find(datasetId, 'train'), test: find(datasetId, 'held-out') };
  const train = find(trainedOn, 'all') ?? choices[0];
  const looked = find(datasetId, 'all');
  return { train, test: looked !== train ? looked : choices.find((choice) => choice !== train) };
}

interface PickProps {
  readonly label: string;
  readonly choices: readonly Choice[];
  readonly value: string | undefined;
  readonly onChange: (key: string) => void;
}

function Pick({ label, choices, value, onChange }: PickProps) {
  const id = useId();
  return (
    <div className={css.pick}>
      <label htmlFor={id}>{label}</label>
      <select id={id} value={value ?? ''} onChange={(event) => onChange(event.target.value)}>
        {value === undefined && <option value="">none</option>}
        {choices.map((choice) => (
          <option key={choice.key} value={choice.key}>
            {choice.label}
          </option>
        ))}
      </select>
    </div>
  );
}

function Report({ report }: { readonly report: OverlapReport }) {
  const { train, test, exact, sharedAny, sharedHalf, tooShort, examples } = report;
  const counts = [
    ['The same question', exact],
    ['At least half of its 13-word runs', sharedHalf],
    ['At least one 13-word run', sharedAny],
    ['Too short for one', tooShort],
  ] as const;
  return (
    <section className={css.report} aria-label="What they share" aria-live="polite">
      <p>
        Of {formatCount(test.rows)} test rows, against {formatCount(train.rows)} training rows:
      </p>
      <dl className={css.counts}>
        {counts.map(([label, count]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>
              {formatCount(count)}
              {test.rows > 0 && <span> {formatPercent(count / test.rows)}</span>}
            </dd>
          </div>
        ))}
      </dl>
      {examples.length > 0 && <Examples examples={examples} />}
    </section>
  );
}

function Examples({ examples }: Pick<OverlapReport, 'examples'>) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling table must be reachable by keyboard
    <section className={css.scroll} tabIndex={0} aria-label="The worst examples">
      <table>
        <thead>
          <tr>
            <th scope="col">Test line</th>
            <th scope="col">Training line</th>
            <th scope="col">Shared</th>
            <th scope="col">Test question</th>
          </tr>
        </thead>
        <tbody>
          {examples.map(({ testLine, trainLine, share, excerpt }) => (
            <tr key={testLine}>
              <td>{formatCount(testLine)}</td>
              <td>{formatCount(trainLine)}</td>
              <td className={share >= 0.5 ? css.half : undefined}>{formatPercent(share)}</td>
              <td className={css.excerpt}>
                <Verbatim text={excerpt} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
