/** The run's settings, drawn from their descriptors; what a running run takes up, and what needs a new one. */
import { useMemo, useState } from 'react';
import type { RunConfig, RunSummary, SettingDescriptor, SettingValue } from '../../../protocol';
import { changes, checkSetting, getSetting, setSetting, showChange, showSetting } from '../../store/settings';
import { isActive } from '../../store/state';
import { useSession, useStudio } from '../context';
import { Button } from '../kit/Button';
import { Icon } from '../kit/Icon';
import { Panel } from '../kit/Panel';
import { CustomObjectives } from './CustomObjectives';
import { RewardPresets } from './RewardPresets';
import { SettingRow } from './SettingRow';
import css from './Settings.module.css';

/** Open at first; the rest is a click away. */
const OPEN_GROUPS = new Set(['Run', 'Rewards', 'Data', 'Sampling', 'Optimizer']);
/** Drawn by `RewardPresets`, because a preset also sets the weights. */
const PRESET_PATH = 'rewards.preset';

export function Settings({ onHide }: { readonly onHide: () => void }) {
  const session = useSession();
  const ready = useStudio((state) => state.ready);
  const draft = useStudio((state) => state.draft);
  const run = useStudio((state) => state.run);
  const [focused, setFocused] = useState<SettingDescriptor | null>(null);
  const [replaced, setReplaced] = useState<{ from: RunConfig; to: RunConfig } | null>(null);
  const groups = useMemo(() => inGroups(ready?.settings ?? []), [ready]);
  if (!ready || !draft) {
    return (
      <Panel title="Settings">
        <p className={css.muted}>The trainer names its settings once it has started.</p>
      </Panel>
    );
  }
  const active = isActive(run);
  const replace = (to: RunConfig) => {
    setReplaced({ from: draft, to });
    session.edit(to);
  };
  return (
    <Panel
      title="Settings"
      flush
      className={css.panel}
      actions={
        <>
          {replaced?.to === draft && (
            <Button
              label="Undo"
              icon="undo"
              bare
              tone="quiet"
              hint="Back to the settings of before"
              onClick={() => session.edit(replaced.from)}
            />
          )}
          <Button
            label="Defaults"
            tone="quiet"
            hint="For the starter and other tiny policies"
            onClick={() => replace(ready.defaults)}
          />
          <Button
            label="Paper"
            tone="quiet"
            hint="Clinical-R1’s values"
            onClick={() => replace(ready.paper)}
          />
          <Button label="Hide settings" bare tone="quiet" icon="left" onClick={onHide} />
        </>
      }
    >
      {active && <Pending run={run} draft={draft} settings={ready.settings} />}
      <div className={css.groups}>
        {groups.map(([group, settings]) => (
          <details key={group} open={OPEN_GROUPS.has(group)} className={css.group}>
            <summary className={css.summary}>
              {group}
              <Bad
                count={settings.filter((each) => checkSetting(each, getSetting(draft, each.path))).length}
              />
            </summary>
            {settings.some(({ path }) => path === PRESET_PATH) && (
              <RewardPresets presets={ready.rewardPresets} draft={draft} />
            )}
            {settings
              .filter(({ path }) => path !== PRESET_PATH)
              .map((setting) =>
                setting.kind === 'objectives' ? (
                  <CustomObjectives
                    key={setting.path}
                    setting={setting}
                    draft={draft}
                    builtIn={ready.objectives}
                    onFocus={setFocused}
                  />
                ) : (
                  <SettingRow
                    key={setting.path}
                    setting={setting}
                    value={getSetting(draft, setting.path)}
                    onFocus={setFocused}
                    onChange={(value) => session.edit(setSetting(draft, setting.path, value))}
                  />
                ),
              )}
          </details>
        ))}
      </div>
      <Help setting={focused} draft={draft} />
    </Panel>
  );
}

function inGroups(settings: readonly SettingDescriptor[]): [string, SettingDescriptor[]][] {
  const groups = new Map<string, SettingDescriptor[]>();
  for (const setting of settings) {
    const group = groups.get(setting.group);
    if (group) group.push(setting);
    else groups.set(setting.group, [setting]);
  }
  return [...groups];
}

const Bad = ({ count }: { readonly count: number }) =>
  count === 0 ? null : <span className={css.badCount}>{count} to correct</span>;

interface PendingProps {
  readonly run: RunSummary;
  readonly draft: RunConfig;
  readonly settings: readonly SettingDescriptor[];
}

/** While a run is on: what has been edited, and how it can take effect. */
function Pending({ run, draft, settings }: PendingProps) {
  const session = useSession();
  const edited = changes(run.config, draft, settings);
  const now = edited.filter(({ applies }) => applies === 'next-step');
  const later = edited.filter(({ applies }) => applies === 'new-run');
  const invalid = settings.some((setting) => checkSetting(setting, getSetting(draft, setting.path)));
  if (edited.length === 0)
    return (
      <p className={css.legend}>
        <Icon name="bolt" size={13} /> next step · <Icon name="restart" size={13} /> needs a new run
      </p>
    );
  const list = (some: typeof edited) =>
    some.map((change) => (
      <li key={change.path}>
        {change.label} <span className={css.diff}>{showChange(change)}</span>
      </li>
    ));
  return (
    <div className={css.pending}>
      {now.length > 0 && (
        <>
          <ul>{list(now)}</ul>
          <Button
            label="Apply at the next step"
            icon="bolt"
            tone="primary"
            disabled={invalid}
            onClick={() =>
              session.changeSettings(
                Object.fromEntries(now.map(({ path, to }): [string, SettingValue] => [path, to])),
              )
            }
          />
        </>
      )}
      {later.length > 0 && (
        <>
          <ul>{list(later)}</ul>
          <Button
            label="Start a new run with these"
            icon="restart"
            disabled={invalid}
            onClick={() => session.train()}
          />
        </>
      )}
      <Button label="Take back" icon="undo" tone="quiet" onClick={() => session.edit(run.config)} />
    </div>
  );
}

/** One place for the words about the setting that has the focus, so that rows stay one line high. */
function Help({ setting, draft }: { readonly setting: SettingDescriptor | null; readonly draft: RunConfig }) {
  const session = useSession();
  if (!setting) return <p className={css.help}>Select a setting to read what it does.</p>;
  const { label, help, paper, source, applies, path, min, max } = setting;
  const range =
    min !== undefined && max !== undefined && setting.kind !== 'text' ? ` From ${min} to ${max}.` : '';
  const differs = paper !== undefined && JSON.stringify(getSetting(draft, path)) !== JSON.stringify(paper);
  return (
    <div className={css.help}>
      <p>
        <strong>{label}.</strong> {help}
        {range}{' '}
        {applies === 'next-step' ? 'A running run takes it up at its next step.' : 'It needs a new run.'}
      </p>
      {paper !== undefined && (
        <p>
          Clinical-R1: <strong>{showSetting(paper)}</strong>
          {source && ` (${source})`}
        </p>
      )}
      {differs && (
        <Button
          label={`Use ${showSetting(paper)}`}
          onClick={() => session.edit(setSetting(draft, path, paper))}
        />
      )}
    </div>
  );
}
