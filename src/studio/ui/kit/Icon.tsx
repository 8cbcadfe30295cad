/** Line icons on a 16-unit grid, drawn for this page. Decorative: a label stands beside or on the button. */
const PATHS = {
  home: 'M2.5 7.5 8 2.8l5.5 4.7M4 6.8v6.4h8V6.8M6.8 13.2V9.6h2.4v3.6',
  data: 'M2.8 4c0-1 2.3-1.7 5.2-1.7S13.2 3 13.2 4 10.9 5.7 8 5.7 2.8 5 2.8 4Zm0 0v8c0 1 2.3 1.7 5.2 1.7s5.2-.7 5.2-1.7V4M2.8 8c0 1 2.3 1.7 5.2 1.7S13.2 9 13.2 8',
  train: 'M2.3 12.7 6 8.6l2.6 2.2 5-6.4M10.6 4h3.2v3.2',
  rollouts: 'M2.5 3.5h7.5v5H6.2L4 10.7V8.5H2.5ZM12 6h1.5v5H12v2.2L9.8 11H7.5',
  evaluate: 'M8 2.2a5.8 5.8 0 1 1 0 11.6A5.8 5.8 0 0 1 8 2.2ZM5.3 8.2 7.3 10.2l3.6-4.4',
  checkpoints: 'M4 14V2.5M4 3.3c3-1.6 5 1.6 8.5 0v5.2c-3.5 1.6-5.5-1.6-8.5 0',
  play: 'M4.5 2.8v10.4L13 8Z',
  pause: 'M5 3v10M11 3v10',
  stop: 'M3.8 3.8h8.4v8.4H3.8Z',
  step: 'M4 3.2v9.6L10.5 8ZM12.5 3.2v9.6',
  save: 'M3 3h7.8L13 5.2V13H3ZM5.5 3v3.2h4.5V3M5.5 13V9.5h5V13',
  download: 'M8 2.5v7.5M4.8 7 8 10.2 11.2 7M3 13.3h10',
  upload: 'M8 10.2V2.7M4.8 5.7 8 2.5l3.2 3.2M3 13.3h10',
  trash: 'M3 4.5h10M6.2 4.3V2.8h3.6v1.5M4.2 4.5l.6 8.7h6.4l.6-8.7M6.8 7v4M9.2 7v4',
  undo: 'M3.2 6.3h6.3a3.3 3.3 0 0 1 0 6.6H6.5M5.8 3.5 3 6.3l2.8 2.8',
  close: 'M4 4l8 8M12 4l-8 8',
  check: 'M3 8.5 6.5 12 13 4.5',
  alert: 'M8 2.5 14 13H2ZM8 6.5v3M8 11v.6',
  info: 'M8 2.2a5.8 5.8 0 1 1 0 11.6A5.8 5.8 0 0 1 8 2.2ZM8 7.3v3.8M8 4.9v.6',
  folder: 'M2.3 4h4l1.4 1.7h6v7H2.3Z',
  file: 'M4 2.3h5L12.2 5.5v8.2H4ZM9 2.3v3.2h3.2',
  search: 'M7 2.7a4.3 4.3 0 1 1 0 8.6 4.3 4.3 0 0 1 0-8.6ZM10.2 10.2l3.3 3.3',
  light:
    'M8 5.2a2.8 2.8 0 1 1 0 5.6 2.8 2.8 0 0 1 0-5.6ZM8 1.7v1.5M8 12.8v1.5M1.7 8h1.5M12.8 8h1.5M3.5 3.5l1.1 1.1M11.4 11.4l1.1 1.1M12.5 3.5l-1.1 1.1M4.6 11.4l-1.1 1.1',
  dark: 'M13 9.6A5.6 5.6 0 1 1 6.4 3a4.6 4.6 0 0 0 6.6 6.6Z',
  auto: 'M8 2.3a5.7 5.7 0 1 1 0 11.4A5.7 5.7 0 0 1 8 2.3ZM8 2.3v11.4M8 5l3.2-.9M8 8h5.6M8 11l4 .7',
  left: 'M10 3.5 5.5 8l4.5 4.5',
  right: 'M6 3.5 10.5 8 6 12.5',
  expand: 'M9.5 2.8h3.7v3.7M13 3 9 7M6.5 13.2H2.8V9.5M3 13l4-4',
  keyboard: 'M1.8 4.3h12.4v7.4H1.8ZM4.3 6.8h.1M6.8 6.8h.1M9.2 6.8h.1M11.7 6.8h.1M5 9.3h6',
  bolt: 'M9 1.8 3.8 9h3.7L7 14.2 12.2 7H8.5Z',
  restart: 'M12.8 8a4.8 4.8 0 1 1-1.5-3.5M11.6 1.9v2.9H8.7',
  chip: 'M4.5 4.5h7v7h-7ZM6.5 2.2v2.3M9.5 2.2v2.3M6.5 11.5v2.3M9.5 11.5v2.3M2.2 6.5h2.3M2.2 9.5h2.3M11.5 6.5h2.3M11.5 9.5h2.3',
  lock: 'M4 7.3h8v6H4ZM5.7 7.3V5.2a2.3 2.3 0 0 1 4.6 0v2.1',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 16 }: { readonly name: IconName; readonly size?: number }) {
  return (
    <svg
      aria-hidden="true"
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.4"
      strokeLinecap="round"
      strokeLinejoin="round"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
