/** What a goal may be told with. */
export interface GoalOptions {
  /** What it is worth, in the site's currency. From -1e9 to 1e9. */
  value?: number;
}

/** Every call, by its first argument. Names are cut to 100 bytes. No call throws, and none returns anything. */
export interface Commands {
  /** A goal was reached. */
  goal: [name: string, options?: GoalOptions];
  /** The view's name, in place of its path. */
  page: [name: string];
  /** `release`, `experiment_arm`, or any other key as a dimension: at most 8, the latest. */
  set: [key: 'release' | 'experiment_arm' | (string & {}), value: string | number | boolean];
  /** An error that the page caught. */
  error: [error: unknown];
  /** Consent was given, or withdrawn: then what is stored in the browser is deleted. */
  consent: [given: boolean];
}

/** Tells the beacon something. Calls before the script is there wait for it, at most 100. Without a page it does nothing. */
export function slowtax<Command extends keyof Commands>(command: Command, ...values: Commands[Command]): void;

/** Where the script comes from: one of the two. */
export type Source =
  | {
      /** The collector's address, from which the script comes and to which it sends: `https://rum.example.com`. */
      collector: string | URL;
      src?: undefined;
    }
  | {
      /** The script's own address, where you serve the files of this package yourself. Then `endpoint` says where the collector is. */
      src: string;
      collector?: undefined;
    };

/** What the script tag says. */
export interface Options {
  /** The site's key. Without it nothing happens. */
  site: string;
  /** Where beacons go, relative to the script's address. Default: `v1/beacon`. */
  endpoint?: string;
  /** Nothing is stored, sent or loaded besides the script before `slowtax('consent', true)`. */
  consent?: 'required';
  /** Measures visitors with Global Privacy Control too. Otherwise nothing of theirs is stored or sent. */
  gpc?: 'ignore';
  /** One session in so many is told, and stands for so many. A whole number from 1; default: 1. */
  sample?: number;
  /** A session is the visitor's on this site, in `localStorage`, instead of the tab's. */
  session?: 'site';
  /** Prints each beacon into the console. */
  debug?: boolean;
  /** Of the page's Content Security Policy. */
  nonce?: string;
  /** The script's hash; `slowtax/integrity.json` has it. It fits only the script of the very same build, so serve that yourself. */
  integrity?: string;
}

export type LoadOptions = Source & Options;

/** Puts the script into the page, once. Without a page it does nothing. */
export function load(options: LoadOptions): void;

declare global {
  interface Window {
    /** The script's function, or what waits for it. */
    slowtax?: typeof slowtax;
  }
}
