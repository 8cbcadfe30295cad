/** A person's own objectives among the reward settings: each with its weight; added, changed and removed here. */
import { useState } from 'react';
import {
  CUSTOM_LIMITS,
  type CustomObjective,
  type ObjectiveDescriptor,
  type RunConfig,
  type SettingDescriptor,
} from '../../../protocol';
import { objectivesOf } from '../../store/arithmetic';
import { type CustomForm, emptyForm, formOf, freeName } from '../../store/customObjectives';
import { setSetting } from '../../store/settings';
import { useSession } from '../context';
import { Button } from '../kit/Button';
import { Verbatim } from '../kit/Verbatim';
import { CustomObjectiveForm } from './CustomObjectiveForm';
import css from './CustomObjectives.module.css';
import { objectiveStyles } from './objectiveStyle';
import { SettingRow } from './SettingRow';

interface CustomObjectivesProps {
  readonly setting: SettingDescriptor;
  readonly draft: RunConfig;
  readonly builtIn: readonly ObjectiveDescriptor[];
  readonly onFocus: (setting: SettingDescriptor) => void;
}

/** What the form is open for; `index` null: a new objective. */
interface Editing {
  readonly index: number | null;
  readonly form: CustomForm;
}

export function CustomObjectives({ setting, draft, builtIn, onFocus }: CustomObjectivesProps) {
  const session = useSession();
  const [editing, setEditing] = useState<Editing | null>(null);
  const [removed, setRemoved] = useState<{ definition: CustomObjective; index: number } | null>(null);
  const list = draft.rewards.custom;
  const styles = objectiveStyles(objectivesOf(builtIn, list));
  const taken = new Set([...builtIn, ...list].map(({ name }) => name));
  const full = list.length >= CUSTOM_LIMITS.objectives;
  const write = (custom: readonly CustomObjective[]) => session.edit(setSetting(draft, setting.path, custom));

  const save = (definition: CustomObjective) => {
    const index = editing?.index ?? list.length;
    write([...list.slice(0, index), definition, ...list.slice(index + 1)]);
    setEditing(null);
  };
  const remove = (index: number) => {
    setRemoved({ definition: list[index]!, index });
    write(list.toSpliced(index, 1));
  };
  const undo = ({ definition, index }: NonNullable<typeof removed>) => {
    const name = taken.has(definition.name) ? freeName(definition.name, taken) : definition.name;
    write(list.toSpliced(index, 0, { ...definition, name }));
    setRemoved(null);
  };

  return (
    <section className={css.own} aria-label={setting.label}>
      <h3 className={css.heading}>
        {setting.label}
        <Button
          label="Add an objective"
          disabled={full}
          hint={full ? `At most ${CUSTOM_LIMITS.objectives}` : 'A pattern or terms of your own, counted'}
          onClick={() => setEditing({ index: null, form: emptyForm })}
        />
      </h3>
      <p className={css.help}>{setting.help}</p>
      <ul>
        {list.map((definition, index) => {
          const { name, weight } = definition;
          const style = styles.get(name)!;
          return (
            <li key={name} className={css.item}>
              <SettingRow
                setting={weightSetting(setting, definition)}
                value={weight}
                onFocus={onFocus}
                onChange={(value) => write(list.with(index, { ...definition, weight: Number(value) }))}
              />
              <div className={css.about}>
                <span style={{ color: style.color }}>{style.marker}</span> <Summary definition={definition} />
                <span className={css.actions}>
                  <Button
                    label="Edit"
                    aria-label={`Edit ${name}`}
                    tone="quiet"
                    onClick={() => setEditing({ index, form: formOf(definition) })}
                  />
                  <Button
                    label="Duplicate"
                    aria-label={`Duplicate ${name}`}
                    tone="quiet"
                    disabled={full}
                    onClick={() =>
                      setEditing({
                        index: null,
                        form: { ...formOf(definition), name: freeName(name, taken) },
                      })
                    }
                  />
                  <Button
                    label={`Remove ${name}`}
                    icon="trash"
                    bare
                    tone="quiet"
                    onClick={() => remove(index)}
                  />
                </span>
              </div>
            </li>
          );
        })}
      </ul>
      <p role="status" className={css.removed}>
        {removed && (
          <>
            “{removed.definition.name}” removed. {/* The button that had the focus is gone. */}
            <Button
              label="Undo"
              icon="undo"
              tone="quiet"
              autoFocus
              disabled={full}
              onClick={() => undo(removed)}
            />
          </>
        )}
      </p>
      {editing && (
        <CustomObjectiveForm
          title={editing.index === null ? 'New objective' : `Objective “${list[editing.index]!.name}”`}
          initial={editing.form}
          taken={new Set([...taken].filter((name) => name !== list[editing.index ?? -1]?.name))}
          draft={draft}
          onSave={save}
          onClose={() => setEditing(null)}
        />
      )}
    </section>
  );
}

/** The weight of one objective as a setting of its own, so that it is edited as every other weight. */
function weightSetting(list: SettingDescriptor, { name }: CustomObjective): SettingDescriptor {
  return {
    path: `${list.path}.${name}`,
    group: list.group,
    label: `Weight of ${name}`,
    help: 'A weight below 0 is a penalty.',
    kind: 'number',
    min: -CUSTOM_LIMITS.weight,
    max: CUSTOM_LIMITS.weight,
    applies: list.applies,
  };
}

function Summary({ definition: { match, where, cap } }: { readonly definition: CustomObjective }) {
  const count = match.kind === 'terms' ? match.terms.length : 0;
  return (
    <span className={css.summary}>
      {match.kind === 'pattern' ? (
        <code>
          <Verbatim text={match.pattern} />
        </code>
      ) : (
        <>
          {count === 1 ? 'one term' : `${count} terms`}: <Verbatim text={match.terms.join(', ')} />
        </>
      )}{' '}
      <span className={css.rule}>
        in the {where}, {cap === 1 ? 'one earns' : `${cap} earn`} all
      </span>
    </span>
  );
}
