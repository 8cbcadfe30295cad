/**
 * Who may import whom: protocol ← engine ← workers, protocol ← studio, and TensorFlow.js only
 * behind src/engine/tensor. The compiler refuses most of it too; here each rule is one line.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';

/**
 * @typedef {object} Rule
 * @property {string} from files whose path starts with this
 * @property {(target: string) => boolean} allows a package name, or a path relative to the project's root
 * @property {string} reason
 */

/** @param {string} target */
const isPackage = (target) => !/^(src|workers|scripts|test|public|\.\.)\//.test(target);

/**
 * @param {string} target
 * @param {...string} folders
 */
const isIn = (target, ...folders) => folders.some((folder) => `${target}/`.startsWith(`${folder}/`));

/** @type {readonly Rule[]} */
const rules = [
  {
    from: 'src/protocol/',
    allows: (target) => isIn(target, 'src/protocol'),
    reason: 'src/protocol imports nothing from outside',
  },
  {
    from: 'src/engine/',
    allows: (target) => isPackage(target) || isIn(target, 'src/engine', 'src/protocol'),
    reason: 'src/engine imports only itself and src/protocol',
  },
  {
    from: 'src/engine/',
    allows: (target) => !/^(react|react-dom|zustand|recharts|wouter|node:.*)$/.test(target),
    reason: 'src/engine is pure: no page, no Node',
  },
  {
    from: 'src/studio/',
    allows: (target) =>
      isPackage(target) || isIn(target, 'src/studio', 'src/protocol') || target.endsWith('?worker'),
    reason: 'src/studio never imports src/engine; it talks to workers',
  },
  {
    from: 'workers/',
    allows: (target) => isPackage(target) || isIn(target, 'workers', 'src/engine', 'src/protocol'),
    reason: 'workers imports only src/engine and src/protocol',
  },
  {
    from: '',
    allows: (target) => !target.startsWith('@tensorflow/'),
    reason: 'only src/engine/tensor imports @tensorflow',
  },
];

/**
 * @param {string} source TypeScript
 * @returns {string[]} every module it names: static, dynamic, re-exported, type-only
 */
export function importsOf(source) {
  const patterns = [
    /^\s*(?:import|export)\s[^'";]*?\sfrom\s*['"]([^'"]+)['"]/gm,
    /^\s*import\s*['"]([^'"]+)['"]/gm,
    /\bimport\(\s*['"]([^'"]+)['"]\s*\)/g,
  ];
  return patterns.flatMap((pattern) => [...source.matchAll(pattern)].map((match) => match[1] ?? ''));
}

/**
 * @param {string} path of the importing file, relative to the root, with `/`
 * @param {string} source
 * @returns {string[]} one sentence per broken rule
 */
export function importViolations(path, source) {
  const isDoor = path.startsWith('src/engine/tensor/');
  return importsOf(source).flatMap((specifier) => {
    const target = specifier.startsWith('.') ? posix.join(dirname(path), specifier) : specifier;
    return rules
      .filter((rule) => path.startsWith(rule.from) && !rule.allows(target))
      .filter(() => !(isDoor && target.startsWith('@tensorflow/')))
      .map((rule) => `${path} imports ${specifier}: ${rule.reason}.`);
  });
}

/**
 * @param {string} root
 * @returns {{ files: number, violations: string[] }}
 */
export function checkImports(root) {
  const paths = ['src', 'workers'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((path) => /\.tsx?$/.test(path))
      .map((path) => `${folder}/${path.replaceAll('\\', '/')}`),
  );
  return {
    files: paths.length,
    violations: paths.flatMap((path) => importViolations(path, readFileSync(join(root, path), 'utf8'))),
  };
}
