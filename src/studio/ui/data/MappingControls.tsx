/** The controls of the column-mapping form; each says beside itself what is wrong with it. */
import { type ReactNode, useId } from 'react';
import { type AnswerKind, type MappingDraft, MOST_OPTIONS, type OptionsKind } from '../../store/mapping';
import { Button } from '../kit/Button';
import { Segmented } from '../kit/Segmented';
import css from './Mapping.module.css';

interface ControlProps {
  readonly id: string;
  readonly 'aria-invalid': boolean;
  readonly 'aria-describedby': string | undefined;
}

interface LabelledProps {
  readonly label: string;
  readonly problem: string | undefined;
  readonly children: (props: ControlProps) => ReactNode;
}

/** A label, its control, and what is wrong with it. */
export function Labelled({ label, problem, children }: LabelledProps) {
  const id = useId();
  const problemId = problem === undefined ? undefined : `${id}-problem`;
  return (
    <div className={css.control}>
      <label htmlFor={id}>{label}</label>
      {children({ id, 'aria-invalid': problem !== undefined, 'aria-describedby': problemId })}
      <Problem id={problemId} text={problem} />
    </div>
  );
}

function Problem({ id, text }: { readonly id: string | undefined; readonly text: string | undefined }) {
  return text === undefined ? null : (
    <p id={id} className={css.problem} role="status">
      {text}
    </p>
  );
}

interface FieldSelectProps extends Partial<ControlProps> {
  readonly 'aria-label'?: string;
  readonly fields: readonly string[];
  readonly value: string;
  /** What stands for no field; without it a field must be chosen. */
  readonly none?: string;
  readonly onChange: (field: string) => void;
}

export function FieldSelect({ fields, value, none, onChange, ...rest }: FieldSelectProps) {
  return (
    <select value={value} onChange={(event) => onChange(event.target.value)} {...rest}>
      {(none !== undefined || value === '') && <option value="">{none ?? 'choose a field'}</option>}
      {fields.map((field) => (
        <option key={field} value={field}>
          {field}
        </option>
      ))}
    </select>
  );
}

interface PartProps {
  readonly draft: MappingDraft;
  readonly fields: readonly string[];
  readonly problem: string | undefined;
  readonly onChange: (changes: Partial<MappingDraft>) => void;
}

const OPTIONS_KINDS: readonly { readonly value: OptionsKind; readonly label: string }[] = [
  { value: 'fields', label: 'a field each' },
  { value: 'field', label: 'in one field' },
  { value: 'none', label: 'none (open)' },
];

export function OptionsControl({ draft, fields, problem, onChange }: PartProps) {
  const id = useId();
  const { optionsKind, optionFields, optionsField } = draft;
  const setFields = (next: readonly string[]) => onChange({ optionFields: next });
  return (
    <fieldset className={css.control} aria-describedby={problem === undefined ? undefined : id}>
      <legend>Options</legend>
      <Segmented
        label="Where the options stand"
        value={optionsKind}
        choices={OPTIONS_KINDS}
        onChange={(kind) => onChange({ optionsKind: kind })}
      />
      {optionsKind === 'field' && (
        <FieldSelect
          aria-label="Field of the options"
          fields={fields}
          value={optionsField}
          onChange={(field) => onChange({ optionsField: field })}
        />
      )}
      {optionsKind === 'fields' && (
        <>
          <ol className={css.options}>
            {optionFields.map((field, index) => {
              const letter = String.fromCharCode(65 + index);
              return (
                // An option is its place: A is the first.
                <li key={letter}>
                  <span>{letter}</span>
                  <FieldSelect
                    aria-label={`Field of option ${letter}`}
                    fields={fields}
                    value={field}
                    onChange={(next) => setFields(optionFields.with(index, next))}
                  />
                  <Button
                    label={`Remove option ${letter}`}
                    bare
                    icon="close"
                    tone="quiet"
                    disabled={optionFields.length <= 2}
                    onClick={() => setFields(optionFields.toSpliced(index, 1))}
                  />
                </li>
              );
            })}
          </ol>
          <Button
            label="Add an option"
            tone="quiet"
            disabled={optionFields.length >= MOST_OPTIONS}
            onClick={() => setFields([...optionFields, ''])}
          />
        </>
      )}
      <Problem id={id} text={problem} />
    </fieldset>
  );
}

const ANSWER_KINDS: readonly { readonly value: AnswerKind; readonly label: string }[] = [
  { value: 'letter', label: 'as a letter: A, B, …' },
  { value: 'zero-based', label: 'as a number from 0' },
  { value: 'one-based', label: 'as a number from 1' },
  { value: 'text', label: 'as the option’s text' },
];

export function AnswerControl({ draft, fields, problem, onChange }: PartProps) {
  const { answer, answerKind, optionsKind } = draft;
  return (
    <Labelled label="Answer" problem={problem}>
      {(props) => (
        <>
          <FieldSelect
            {...props}
            fields={fields}
            none="none: unlabelled cases"
            value={answer}
            onChange={(field) => onChange({ answer: field })}
          />
          {answer !== '' && optionsKind !== 'none' && (
            <select
              aria-label="How the answer is given"
              value={answerKind}
              onChange={(event) => onChange({ answerKind: event.target.value as AnswerKind })}
            >
              {ANSWER_KINDS.map(({ value, label }) => (
                <option key={value} value={value}>
                  {label}
                </option>
              ))}
            </select>
          )}
        </>
      )}
    </Labelled>
  );
}

/** Fields to slice results by; a field that holds the answer or explains it is none. */
export function FacetControl({ draft, fields, problem, onChange }: PartProps) {
  const id = useId();
  const { facets, question, answer, optionFields, optionsField, optionsKind } = draft;
  const inUse = new Set([question, answer, ...(optionsKind === 'fields' ? optionFields : [optionsField])]);
  const offered = fields.filter((field) => facets.includes(field) || !inUse.has(field));
  return (
    <fieldset className={css.control} aria-describedby={problem === undefined ? undefined : id}>
      <legend>Facets: to slice results by, such as a specialty; never an explanation of the answer</legend>
      <div className={css.facets}>
        {offered.map((field) => (
          <label key={field}>
            <input
              type="checkbox"
              checked={facets.includes(field)}
              onChange={(event) =>
                onChange({
                  facets: event.target.checked ? [...facets, field] : facets.filter((each) => each !== field),
                })
              }
            />
            {field}
          </label>
        ))}
      </div>
      <Problem id={id} text={problem} />
    </fieldset>
  );
}
