/** First sight (S1): start in one click, go on where one stopped, and see what this machine can do. */
import type { ReactNode } from 'react';
import { useLocation } from 'wouter';
import type { BackendReport } from '../../../protocol';
import { backendOf, engineWords, isSlow, threadWords } from '../../store/backend';
import { formatBytes, formatCount, formatParameters, formatTime } from '../../store/format';
import { isActive } from '../../store/state';
import { useSession, useStudio } from '../context';
import { Button } from '../kit/Button';
import { cx } from '../kit/cx';
import { Icon } from '../kit/Icon';
import { Panel } from '../kit/Panel';
import { PickFiles } from '../kit/PickFiles';
import { Progress } from '../kit/Progress';
import { TrainButton } from '../train/TrainButton';
import css from './Home.module.css';

export function Home() {
  return (
    <div className={css.home}>
      <div className={css.intro}>
        <h1>Post-train a clinical language model in this tab</h1>
        <p>
          The policy samples a group of answers per case, rules score them, and their group-relative
          advantages update it. Drop a dataset, a model folder, a checkpoint or a configuration anywhere on
          this page.
        </p>
      </div>
      <div className={css.cards}>
        <Start />
        <Continue />
      </div>
      <Check />
    </div>
  );
}

function Start() {
  const session = useSession();
  const model = useStudio((state) => state.model);
  const loading = useStudio((state) => state.loadingModel);
  const importing = useStudio((state) => state.importing);
  const dataset = useStudio((state) => state.datasets.find(({ id }) => id === state.datasetId));
  const [, navigate] = useLocation();
  return (
    <Panel title="Start">
      <div className={css.card}>
        <dl className={css.facts}>
          <Fact label="Policy">
            {model
              ? `${model.name} · ${formatParameters(model.parameters)} parameters`
              : loading
                ? `loading ${loading}…`
                : 'none yet'}
          </Fact>
          <Fact label="Dataset">
            {dataset
              ? `${dataset.name} · ${formatCount(dataset.rows)} cases${dataset.synthetic ? ' (synthetic)' : ''}`
              : importing
                ? `opening ${importing.name}…`
                : 'none yet'}
          </Fact>
        </dl>
        <TrainButton onStarted={() => navigate('/train')} />
        <div className={css.pickers}>
          <PickFiles
            label="Open a dataset"
            icon="file"
            accept=".jsonl,.json,.csv"
            onFiles={(files) => session.take(files)}
          />
          <PickFiles
            label="Open a model folder"
            icon="folder"
            folder
            onFiles={(files) => session.take(files)}
          />
        </div>
      </div>
    </Panel>
  );
}

function Continue() {
  const session = useSession();
  const run = useStudio((state) => state.run);
  const checkpoints = useStudio((state) => state.checkpoints);
  const holdsLock = useStudio((state) => state.holdsLock);
  const [, navigate] = useLocation();
  const newest = checkpoints
    .filter(({ deleted }) => !deleted)
    .reduce<(typeof checkpoints)[number] | null>(
      (best, each) => (best && best.createdAt >= each.createdAt ? best : each),
      null,
    );

  if (isActive(run)) {
    return (
      <Panel title="Continue">
        <div className={css.card}>
          <p>
            <strong>{run.config.name}</strong> is {run.status} at step {run.step} of {run.config.steps}.
          </p>
          <Progress label="Run" value={run.step / Math.max(1, run.config.steps)} />
          <div className={css.pickers}>
            <Button label="Open the run" icon="train" tone="primary" onClick={() => navigate('/train')} />
          </div>
        </div>
      </Panel>
    );
  }
  return (
    <Panel title="Continue">
      <div className={css.card}>
        {newest ? (
          <>
            <p>
              <strong>{newest.runName}</strong> is stored at step {newest.step} (
              {formatTime(newest.createdAt)}, {formatBytes(newest.bytes)}).
            </p>
            <div className={css.pickers}>
              <Button
                label={newest.reason === 'finish' ? 'Open' : 'Resume'}
                icon="play"
                tone="primary"
                disabled={!holdsLock}
                onClick={async () => {
                  if (await session.resume(newest.id)) navigate('/train');
                }}
              />
              <Button label="All checkpoints" icon="checkpoints" onClick={() => navigate('/checkpoints')} />
            </div>
          </>
        ) : (
          <p className={css.muted}>
            Nothing stored yet. A run is saved in this browser when it is paused, when the tab is hidden and
            when it ends, and can be resumed here.
          </p>
        )}
        <div className={css.pickers}>
          <PickFiles
            label="Import a checkpoint"
            icon="upload"
            accept=".zip"
            onFiles={(files) => session.take(files)}
          />
        </div>
      </div>
    </Panel>
  );
}

function Fact({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  return (
    <div className={css.fact}>
      <dt>{label}</dt>
      <dd>
        <bdi>{children}</bdi>
      </dd>
    </div>
  );
}

type Verdict = 'good' | 'weak' | 'bad' | 'waiting';

function backendLabel({ name, software }: BackendReport): string {
  if (name === 'wasm') return 'WebAssembly on the CPU';
  return software ? 'WebGPU in software' : 'WebGPU';
}

/** Adapter, what runs on it, and what follows from both. */
function backendText(backend: BackendReport): string {
  const said = [backend.adapter, engineWords(backend), threadWords(backend)].filter(Boolean).join(' · ');
  return isSlow(backend) ? `${said}. Slower; the same numbers within rounding.` : said;
}

/** What the machine offers, each with what follows from it. */
function Check() {
  const ready = useStudio((state) => state.ready);
  const alive = useStudio((state) => state.trainerAlive);
  const storage = useStudio((state) => state.storage);
  const holdsLock = useStudio((state) => state.holdsLock);
  const plainBecause = useStudio((state) => state.model?.plainBecause);
  const backend = ready && backendOf(ready.backend, plainBecause);
  const gpu: [Verdict, string, string] = backend
    ? [isSlow(backend) ? 'weak' : 'good', backendLabel(backend), backendText(backend)]
    : ['waiting', 'Backend', alive ? 'starting…' : 'the trainer is not running'];
  const persisted: [Verdict, string, string] =
    storage?.persisted === true
      ? ['good', 'Storage', 'the browser keeps checkpoints until you delete them']
      : ['weak', 'Storage', 'the browser may clear checkpoints when the disk is full: export what matters'];
  const rows: [Verdict, string, string][] = [
    [
      alive ? 'good' : 'bad',
      'Worker',
      alive ? 'training happens beside the page, which stays responsive' : 'not running',
    ],
    gpu,
    storage ? persisted : ['waiting', 'Storage', 'not asked yet'],
    holdsLock
      ? ['good', 'Trainer', 'this tab trains']
      : ['weak', 'Trainer', 'another tab trains; this one is read-only'],
    ['good', 'Network', 'nothing leaves this machine'],
  ];
  return (
    <Panel title="This machine">
      <ul className={css.check}>
        {rows.map(([verdict, label, text]) => (
          <li key={label}>
            <span className={cx(css.verdict, css[verdict])}>
              <Icon
                name={verdict === 'good' ? 'check' : verdict === 'waiting' ? 'info' : 'alert'}
                size={15}
              />
            </span>
            <strong>{label}</strong>
            <span className={css.muted}>{text}</span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
