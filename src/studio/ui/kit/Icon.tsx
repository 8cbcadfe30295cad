/** Line icons on a 16-unit grid, drawn for this page. Decorative: a label stands beside or on the button. */
const PATHS = {
  home: 'M2.5 7.5 8 2.8l5.5 4.7M4 6.8v6.4h8V6.8M6.8 13.2V9.6h2.4v3.6',
  data: 'M2.8 4c0-1 2.3-1.7 5.2-1.7S13.2 3 13.2 4 10.9 5.7 8 5.7 2.8 5 2.8 4Zm0 0v8c0 1 2.3 1.7 5.2 1.700s5.2-.7 5.2-1.700V4M2.8 8c0 1 2.3 1.7 5.2 1.700S13.2 9 13.2 8',
  train: 'M2.3 12.7 6 8.600l2.6 2.2 5-6.400M10.6 4h3.200v3.2',
  rollouts: 'M2.5 3.500h7.500v5H6.200L4 10.700V8.500H2.500ZM12 6h1.500v5H12v2.200L9.8 11H7.5',
  checkpoints: 'M4 14V2.500M4 3.300c3-1.6 5 1.6 8.5 0v5.200c-3.5 1.6-5.5-1.6-8.5 0',
  play: 'M4.5 2.800v10.400L13 8Z',
  pause: 'M5 3v10M11 3v10',
  stop: 'M3.8 3.800h8.400v8.400H3.800Z',
  step: 'M4 3.200v9.600L10.5 8ZM12.5 3.200v9.6',
  save: 'M3 3h7.800L13 5.200V13H3ZM5.5 3v3.200h4.500V3M5.5 13V9.500h5V13',
  download: 'M8 2.500v7.500M4.8 7 8 10.2 11.2 7M3 13.300h10',
  upload: 'M8 10.200V2.700M4.8 5.7 8 2.500l3.2 3.200M3 13.300h10',
  trash: 'M3 4.500h10M6.2 4.300V2.800h3.600v1.500M4.2 4.500l.6 8.700h6.400l.6-8.700M6.8 7v4M9.2 7v4',
  undo: 'M3.2 6.300h6.300a3.3 3.3 0 0 1 0 6.600H6.500M5.8 3.5 3 6.300l2.8 2.8',
  close: 'M4 4l8 8M12 4l-8 8',
  check: 'M3 8.5 6.5 12 13 4.5',
  alert: 'M8 2.5 14 13H2ZM8 6.500v3M8 11v.6',
  info: 'M8 2.200a5.8 5.8 0 1 1 0 11.600A5.8 5.8 0 0 1 8 2.200ZM8 7.300v3.800M8 4.900v.6',
  folder: 'M2.3 4h4l1.4 1.700h6v7H2.300Z',
  file: 'M4 2.300h5L12.2 5.500v8.200H4ZM9 2.300v3.200h3.2',
  search: 'M7 2.700a4.3 4.3 0 1 1 0 8.6 4.3 4.3 0 0 1 0-8.600ZM10.2 10.200l3.3 3.3',
  light:
    'M8 5.200a2.8 2.8 0 1 1 0 5.6 2.8 2.8 0 0 1 0-5.600ZM8 1.700v1.500M8 12.800v1.500M1.7 8h1.500M12.8 8h1.500M3.5 3.500l1.1 1.100M11.4 11.400l1.1 1.100M12.5 3.500l-1.1 1.100M4.6 11.400l-1.1 1.1',
  dark: 'M13 9.600A5.6 5.6 0 1 1 6.4 3a4.6 4.6 0 0 0 6.6 6.600Z',
  auto: 'M8 2.300a5.7 5.7 0 1 1 0 11.400A5.7 5.7 0 0 1 8 2.300ZM8 2.300v11.400M8 5l3.2-.9M8 8h5.600M8 11l4 .7',
  left: 'M10 3.5 5.5 8l4.5 4.5',
  right: 'M6 3.5 10.5 8 6 12.5',
  expand: 'M9.5 2.800h3.700v3.700M13 3 9 7M6.5 13.200H2.800V9.500M3 13l4-4',
  keyboard: 'M1.8 4.300h12.400v7.400H1.800ZM4.3 6.800h.1M6.8 6.800h.1M9.2 6.800h.1M11.7 6.800h.1M5 9.300h6',
  bolt: 'M9 1.8 3.8 9h3.700L7 14.2 12.2 7H8.500Z',
  restart: 'M12.8 8a4.8 4.8 0 1 1-1.5-3.500M11.6 1.900v2.900H8.7',
  chip: 'M4.5 4.500h7v7h-7ZM6.5 2.200v2.300M9.5 2.200v2.300M6.5 11.500v2.300M9.5 11.500v2.300M2.2 6.500h2.300M2.2 9.500h2.300M11.5 6.500h2.300M11.5 9.500h2.3',
  lock: 'M4 7.300h8v6H4ZM5.7 7.300V5.200a2.3 2.3 0 0 1 4.6 0v2.1',
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
